"""The little that gateways tell one another about tokens, in Redis or in what speaks its protocol, such as Valkey."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tollway.problems import StartupError, Unavailable
from tollway.settings import RedisSettings

_REVOKED = "tollway:revoked-tokens"
_CHANGES = "tollway:revoked-tokens:changes"
_PAUSE = 1.0
log = structlog.get_logger()


class SharedState:
    """One Redis; when it refuses or is late it is not asked again for a second."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raise StartupError when the URL is none of Redis."""
        self._away_until = 0.0
        try:
            self._redis = Redis.from_url(
                settings.url,
                socket_timeout=settings.timeout,
                socket_connect_timeout=settings.timeout,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
            )
        except ValueError:  # its message may quote the password
            raise StartupError("The setting redis.url is wrong: it begins with redis:// or rediss://.") from None

    async def claim(self, key: str, seconds: int) -> bool:
        """Whether nobody claimed the key before, in as many seconds; raises Unavailable."""
        async with self._answering():
            return bool(await self._redis.set(key, "1", nx=True, ex=seconds))

    async def revoke(self, token: str, expires: float) -> None:
        """Tell every gateway of a revoked token, until it expires; raises Unavailable."""
        async with self._answering(), self._redis.pipeline() as together:
            together.zremrangebyscore(_REVOKED, "-inf", time.time())
            together.zadd(_REVOKED, {token: expires})
            together.incr(_CHANGES)
            await together.execute()

    async def changes(self) -> str:
        """What differs whenever a token was revoked in between; raises Unavailable."""
        async with self._answering():
            return str(await self._redis.get(_CHANGES) or "")

    async def revoked(self) -> Mapping[str, float]:
        """The revoked tokens and when each expires; raises Unavailable."""
        async with self._answering():
            found = await self._redis.zrangebyscore(_REVOKED, time.time(), "+inf", withscores=True)
        return dict(msgspec.convert(found, list[tuple[str, float]]))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        away = Unavailable("What gateways share about tokens cannot be had at present.", retry_after=_PAUSE)
        if time.monotonic() < self._away_until:
            raise away
        try:
            yield
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _PAUSE
            log.warning("redis is away", reason=f"{type(error).__name__} {error}")
            raise away from error
