"""How a session is opened: the client credentials flow or the JWT bearer flow.

Source: Salesforce Help 'OAuth 2.0 Client Credentials Flow', 'OAuth 2.0 JWT Bearer Flow'. A session's life is a setting
of the org that no answer tells.
"""

import time
from pathlib import Path

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from system_apis.salesforce_platform.settings import OrgSettings
from tollway.http.platforms import PlatformClient
from tollway.problems import StartupError, Unavailable

PATH = "/services/oauth2/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 180
REFUSED_SECONDS = 300.0
TROUBLE_SECONDS = 5.0


class Session(msgspec.Struct, frozen=True):
    """An open session: what calls carry, and where they go."""

    access_token: str
    instance_url: str
    id: str = ""
    """The address of the user's identity, `…/id/ORGANISATION/USER`."""

    @property
    def organization_id(self) -> str:
        """The org's id of 18 characters."""
        return self.id.rpartition("/id/")[2].partition("/")[0]


class Login:
    """Opens sessions with the credentials of one connected app."""

    def __init__(self, settings: OrgSettings) -> None:
        """Raises StartupError when the private key cannot be read."""
        self._settings = settings
        self._key = _read_key(settings.private_key) if settings.private_key else None

    async def open(self, http: PlatformClient) -> Session:
        """A new session; raises Unavailable, since nothing that was to be done has happened yet."""
        answer = await http.send("POST", PATH, repeatable=True, data=self._form())
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"Salesforce's login answered {answer.status_code}.", retry_after=TROUBLE_SECONDS)
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(
                f"Salesforce refuses Tollway's login at {self._settings.url}; check the connection's credentials.",
                retry_after=REFUSED_SECONDS,
            )
        try:
            return msgspec.json.decode(answer.content, type=Session)
        except msgspec.MsgspecError as error:
            raise Unavailable("Salesforce's login answered no session.", retry_after=TROUBLE_SECONDS) from error

    def _form(self) -> dict[str, str]:
        settings = self._settings
        if self._key is None:
            return {
                "grant_type": "client_credentials",
                "client_id": settings.client_id,
                "client_secret": settings.client_secret,
            }
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": settings.audience or settings.url,
            "exp": int(time.time()) + ASSERTION_SECONDS,
        }
        return {"grant_type": JWT_BEARER, "assertion": jwt.encode({"alg": "RS256"}, claims, self._key)}


def _read_key(path: str) -> RSAKey:
    try:
        return RSAKey.import_key(Path(path).read_bytes())
    except (OSError, ValueError, JoseError) as error:
        raise StartupError(f"The setting private_key names no readable RSA key: {path}.") from error
