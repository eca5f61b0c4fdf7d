"""The Redis, or what speaks its protocol such as Valkey, in which all gateways count together."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from typing import Any

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from tollway.problems import StartupError, Unavailable
from tollway.service import DEGRADED
from tollway.settings import RedisSettings

_AT_ONCE = 16
_PAUSE = 1.0
_WARN_EVERY = 60.0
_AWAY = "What callers use up cannot be counted now."
log = structlog.get_logger()


class Script:
    """A Lua script, which runs as a whole or not at all."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


class SharedRates:
    """The connections to one Redis, made when they are first needed."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raise StartupError when the URL is none of Redis."""
        self.lease = settings.lease
        self._timeout = settings.timeout
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._away_until = 0.0
        self._warned = -_WARN_EVERY
        self._leaving: list[Callable[[], Awaitable[None]]] = []
        try:
            pool = ConnectionPool.from_url(settings.url, max_connections=_AT_ONCE, retry=Retry(NoBackoff(), 0))
        except ValueError:  # its message may quote the password
            raise StartupError("The setting redis.url is wrong: it begins with redis:// or rediss://.") from None
        self._redis = Redis(connection_pool=pool)
        self._pool = pool

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> list[int]:
        """What a script answers; raises Unavailable."""
        async with self.answering():
            try:
                return await self._evaluate("EVALSHA", script.digest, keys, arguments)
            except NoScriptError:  # a Redis that is new, or was started again
                return await self._evaluate("EVAL", script.text, keys, arguments)

    async def _evaluate(self, command: str, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> list[int]:
        answer: list[int] = await self._redis.execute_command(command, script, len(keys), *keys, *arguments)  # type: ignore[no-untyped-call]
        return answer

    async def ping(self) -> None:
        """Raise Unavailable unless Redis answers."""
        async with self.answering():
            await self._redis.ping()

    async def ready(self) -> str:
        """The state for `/health/ready`; gateways do without Redis as each limit's `when_away` says."""
        try:
            await self.ping()
        except Unavailable as error:
            return DEGRADED + error.detail
        return "ok"

    def check(self) -> None:
        """Raise Unavailable while Redis is not asked because it did not answer."""
        if time.monotonic() < self._away_until:
            raise Unavailable(_AWAY, retry_after=_PAUSE)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Raise Unavailable when Redis refuses or is late, and for a second after that without asking it.

        Time is measured from one's turn: a flood that waits in this process is no outage, which would admit it.
        """
        async with self._turns:
            self.check()
            try:
                async with asyncio.timeout(self._timeout):
                    yield
            except (RedisError, OSError) as error:
                self._away(error)
                raise Unavailable(_AWAY, retry_after=_PAUSE) from error

    def _away(self, error: Exception) -> None:
        now = time.monotonic()
        self._away_until = now + _PAUSE
        if now - self._warned >= _WARN_EVERY:
            self._warned = now
            log.warning("redis is away", reason=f"{type(error).__name__} {error}")

    def leaving(self, give_back: Callable[[], Awaitable[None]]) -> None:
        """Call `give_back` before the connections are closed."""
        self._leaving.append(give_back)

    async def close(self) -> None:
        """Give back what is held, and close the connections."""
        for give_back in self._leaving:
            await give_back()
        await self._pool.aclose()
