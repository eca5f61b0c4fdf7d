"""The clients that the development issuer knows, kept in `clients.json` of the state folder."""

import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from authlib.oauth2.rfc6749 import ClientMixin  # type: ignore[import-untyped]

from tollway.problems import StartupError
from tollway.strict import Strict

FILE = "clients.json"
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
KEY_METHOD = "private_key_jwt"


class ClientRegistration(Strict):
    """A client that is to exist."""

    id: str
    scopes: list[str]
    """What it may ask for, and gets when it asks for nothing in particular."""
    customers: list[str] | None = None
    """The customers, by their id in the CRM, whose objects alone it may see; None for one of the firm's own."""
    public_key: dict[str, Any] | None = None
    """A JWK by which it signs its assertions instead of sending a secret (`private_key_jwt`)."""


class StoredClient(ClientRegistration):
    """A client as the file keeps it."""

    secret: str = ""
    """Empty for a client with a key."""


class Client(ClientMixin):  # type: ignore[misc]  # authlib has no types
    """A client as authlib asks about it."""

    def __init__(self, stored: StoredClient) -> None:
        self.stored = stored

    def get_client_id(self) -> str:
        return self.stored.id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes asked for, or all it may have; None, which refuses, when one of them is not among these."""
        asked = (scope or "").split()
        if not set(asked) <= set(self.stored.scopes):
            return None
        return " ".join(asked or self.stored.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        given, kept = client_secret.encode(), self.stored.secret.encode()
        return bool(kept) and hmac.compare_digest(given, kept)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        methods = SECRET_METHODS if self.stored.public_key is None else (KEY_METHOD,)
        return endpoint in ("token", "revocation") and method in methods

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


def register(folder: Path, clients: Sequence[ClientRegistration]) -> dict[str, Client]:
    """Every client of the file, to which those of `clients` that it lacks are added with new secrets."""
    stored = _read(folder)
    known = {client.id for client in stored}
    new = [_with_secret(client) for client in clients if client.id not in known]
    if new:
        stored += new
        write_private(folder / FILE, msgspec.json.format(msgspec.json.encode(stored)))
    return {client.id: Client(client) for client in stored}


def client_secret(folder: Path, client_id: str) -> str:
    """The secret of a client of this state folder; raises StartupError when there is no such client."""
    for client in _read(folder):
        if client.id == client_id and client.secret:
            return client.secret
    raise StartupError(f"The file {folder / FILE} has no client {client_id} with a secret.")


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)


def _with_secret(client: ClientRegistration) -> StoredClient:
    secret = "" if client.public_key else secrets.token_urlsafe(32)
    return StoredClient(**msgspec.structs.asdict(client), secret=secret)


def _read(folder: Path) -> list[StoredClient]:
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[StoredClient])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        raise StartupError(f"The file of clients {path} cannot be read: {error}.") from error
