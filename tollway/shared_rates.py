"""Rate limits that all gateways share, counted in Redis or in what speaks its protocol, such as Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import limits
import structlog
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tollway.problems import StartupError, Unavailable
from tollway.rates import Standing, Verdict, Window, Windows
from tollway.service import DEGRADED
from tollway.settings import RedisSettings

PREFIX = "tollway:rates"
_AT_ONCE = 16
_PAUSE = 1.0
_WARN_EVERY = 60.0
_AWAY = "What callers use up cannot be counted now."
log = structlog.get_logger()


class SharedRates:
    """The connections to one Redis, made when they are first needed."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raise StartupError when the URL is none of Redis."""
        self._timeout = settings.timeout
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._away_until = 0.0
        self._warned = -_WARN_EVERY
        try:
            pool = BlockingConnectionPool.from_url(
                settings.url, max_connections=_AT_ONCE, timeout=settings.timeout, retry=Retry(NoBackoff(), 0)
            )
        except ValueError:  # its message may quote the password
            raise StartupError("The setting redis.url is wrong: it begins with redis:// or rediss://.") from None
        self._redis = Redis(connection_pool=pool)
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=pool,  # type: ignore[arg-type]  # its annotation leaves out what its documentation offers
        )
        self._limiter = MovingWindowRateLimiter(storage)
        self._pool = pool

    def windows(self, name: str, windows: tuple[Window, ...]) -> Windows:
        """The windows of a limit; whoever counts by the same name counts the same."""
        return _SharedWindows(self, self._limiter, name, windows)

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

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Raise Unavailable when Redis refuses or is late, and for a second after that without asking it.

        Time is measured from one's turn: a flood that waits in this process is no outage, which would admit it.
        """
        async with self._turns:
            if time.monotonic() < self._away_until:
                raise Unavailable(_AWAY, retry_after=_PAUSE)
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

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class _SharedWindows:
    """Moving windows of the limits library: each is counted by an atomic script, at the time of the gateway's clock.

    A window that is seen to be full refuses before any is used. Only when another request takes its last place
    after that look has a shorter one been used in vain: more than the limit is never admitted, at worst less.
    """

    def __init__(
        self, rates: SharedRates, limiter: MovingWindowRateLimiter, name: str, windows: tuple[Window, ...]
    ) -> None:
        self._rates = rates
        self._limiter = limiter
        self._name = name
        self._windows = [(window, limits.RateLimitItemPerSecond(window.amount, window.seconds)) for window in windows]

    async def take(self, subject: str) -> Verdict:
        """Admit one more for the subject, or say which window is full; raises Unavailable."""
        async with self._rates.answering():
            standings = list(await asyncio.gather(*(self._standing(*each, subject) for each in self._windows)))
            full = [standing for standing in standings if not standing.remaining]
            if full:
                return _refused(standings, max(full, key=lambda standing: standing.resets_in))
            for place, (window, item) in enumerate(self._windows):
                admitted = await self._limiter.hit(item, self._name, subject)
                left = standings[place].remaining - 1 if admitted else 0
                standings[place] = Standing(window, left, standings[place].resets_in)
                if not admitted:
                    return _refused(standings, standings[place])
            return Verdict(standings)

    async def _standing(self, window: Window, item: limits.RateLimitItem, subject: str) -> Standing:
        stats = await self._limiter.get_window_stats(item, self._name, subject)
        return Standing(window, stats.remaining, max(0.0, stats.reset_time - time.time()))


def _refused(standings: list[Standing], full: Standing) -> Verdict:
    return Verdict(standings, full.window, full.resets_in)
