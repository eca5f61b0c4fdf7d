"""`tollway revoke`: an access token that is to be taken no more, though it has not expired."""

import asyncio
import time

from tollway.cli.app import DEFAULT, Config
from tollway.oauth.revocations import EVERY_SECONDS, Revocations
from tollway.oauth.shared_state import SharedState
from tollway.problems import StartupError, Unavailable
from tollway.settings import Settings, load


def revoke(token_id: str, /, *, issuer: str = "", seconds: float = 86_400, config: Config = DEFAULT) -> None:
    """Revoke the token with this `jti` at every gateway that shares `redis.url`.

    `issuer` is needed where several are trusted; `seconds` is how long the token could still live, at most.
    """
    settings = load(config)
    asyncio.run(_revoke(settings, _issuer(settings, issuer), token_id, time.time() + seconds))
    print(f"Revoked: no gateway takes {token_id} any more within {EVERY_SECONDS:.0f} seconds.")


async def _revoke(settings: Settings, issuer: str, token_id: str, expires: float) -> None:
    if not settings.redis.url:
        raise StartupError("The setting redis.url is missing: by it the gateways hear of revoked tokens.")
    shared = SharedState(settings.redis)
    try:
        await Revocations(shared).revoke(issuer, token_id, expires)
    except Unavailable as error:
        raise StartupError("Nothing was revoked: Redis does not answer.") from error
    finally:
        await shared.close()


def _issuer(settings: Settings, issuer: str) -> str:
    trusted = [one.url for one in settings.gateway.trusted_issuers]
    if issuer in trusted or (not issuer and len(trusted) == 1):
        return issuer or trusted[0]
    raise StartupError(f"Name by --issuer whose token it is: {', '.join(trusted) or 'none is configured'}.")
