"""The secrets and signatures of Standard Webhooks, and how secrets are kept."""

import base64
import hmac
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken

from tollway.problems import Conflict

PREFIX = "whsec_"
_KEY_BYTES = 32


def new_secret() -> str:
    """A secret that nobody has."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The headers of a message, signed with each of the secrets; `timestamp` is in seconds since 1970."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signatures = (hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), signed, "sha256") for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }


class Seal:
    """Keeps secrets in the database so that whoever reads only that cannot sign."""

    def __init__(self, key: bytes) -> None:
        """`key` is 32 bytes that the services share."""
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def closed(self, secret: str) -> str:
        """The secret as it is kept."""
        return self._fernet.encrypt(secret.encode()).decode()

    def opened(self, kept: str) -> str:
        """The secret; raises Conflict when it was sealed under another key."""
        try:
            return self._fernet.decrypt(kept.encode()).decode()
        except InvalidToken:
            raise Conflict("The installation's key has changed since; rotate this subscription's secret.") from None
