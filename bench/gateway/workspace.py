"""The folder of one run: what gateway, service and peers have in common, and the tokens that callers send."""

import copy
import secrets
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey
from litestar.handlers import HTTPRouteHandler

from bench.gateway import stack
from bench.gateway.invoices import HANDLERS, SERVICE
from tollway.contracts.document import as_yaml, document
from tollway.identity import HEADER, Identity

ISSUER = "http://127.0.0.1/bench"
AUDIENCE = "tollway"
SCOPES = "finance:read finance:write"
_METADATA = "http://127.0.0.1/.well-known/oauth-authorization-server/bench"
_KEYS = f"{ISSUER}/jwks.json"
_ALGORITHM = "ES256"
_LIFETIME = 3600
CONTRACT = "finance.v1.yaml"
OPEN_CONTRACT = "finance-open.v1.yaml"
"""The same contract without scopes, for what is measured before there is a policy that asks for them."""


class Workspace:
    """Keys, contracts and routes below one folder, which every process of the run reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jwks = folder / "jwks.json"

    @classmethod
    def make(cls, folder: Path) -> "Workspace":
        """Write what the run needs into an empty folder."""
        made = cls(folder)
        key = ECKey.generate_key("P-256", auto_kid=True)
        made.write("key.json", msgspec.json.encode(key.as_dict(private=True)).decode())
        made.write("jwks.json", msgspec.json.encode(
            {"keys": [key.as_dict(private=False, alg=_ALGORITHM, use="sig")]}).decode())  # fmt: skip
        made.write("identity.key", secrets.token_urlsafe(32))
        made.contract("finance", HANDLERS)
        return made

    def contract(self, name: str, handlers: Sequence[HTTPRouteHandler]) -> None:
        """Write the contract of handlers, once with and once without its scopes."""
        whole = document("Finance", "1.0.0", handlers)
        self.write(f"{name}.v1.yaml", as_yaml(whole))
        without: dict[str, Any] = copy.deepcopy(whole)
        for item in without["paths"].values():
            for operation in item.values():
                operation["security"] = []
        self.write(f"{name}-open.v1.yaml", as_yaml(without))

    def routes(self, name: str, *products: dict[str, Any]) -> Path:
        """Write a file of routes."""
        return self.write(f"{name}.routes.yaml", stack.routes(*products))

    async def fetch(self, url: str) -> bytes:
        """The issuer's metadata and keys, had without an issuer."""
        if url == _KEYS:
            return self.jwks.read_bytes()
        assert url == _METADATA, url
        return msgspec.json.encode({"issuer": ISSUER, "jwks_uri": _KEYS})

    @cached_property
    def identity(self) -> Identity:
        """What services of this run sign and verify with."""
        return Identity((self.folder / "identity.key").read_text())

    def signed(self) -> dict[str, str]:
        """The header by which a caller of the bare service, or a proxy before it, says who calls; good for a minute."""
        fresh = Identity((self.folder / "identity.key").read_text())
        return {HEADER.decode(): fresh.sign("bench", SERVICE, "bench").decode()}

    def bearer(self, client: str = "bench") -> dict[str, str]:
        """The header of a caller with an access token (RFC 9068)."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": client, "client_id": client, "scope": SCOPES,
                  "iat": now, "exp": now + _LIFETIME, "jti": secrets.token_hex(8)}  # fmt: skip
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}
        return {"authorization": f"Bearer {jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])}"}

    @cached_property
    def _key(self) -> ECKey:
        return ECKey.import_key(msgspec.json.decode((self.folder / "key.json").read_bytes()))

    def write(self, name: str, text: str) -> Path:
        """Write a file that processes of the run read."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path
