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
from redis.exceptions import NoScriptError, RedisError, ResponseError

from tollway.limits.errands import Errands
from tollway.problems import StartupError, Unavailable
from tollway.service import DEGRADED
from tollway.settings import RedisSettings

DRIFT = 0.0005
"""How much faster Redis' clock may run than ours: what NTP may slew, and far beyond what clocks do by themselves."""
TICK = 0.001
"""Seconds by which scripts may take an earlier time for now, since they count in whole milliseconds."""
_AT_ONCE = 16
_TOGETHER = 128
"""Scripts that one errand asks for."""
_PAUSE = 1.0
_WARN_EVERY = 60.0
_AWAY = "What callers use up cannot be counted now."
log = structlog.get_logger()


class Script:
    """A Lua script, which runs as a whole or not at all."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


class _Asked:
    """A script to be run, on what, and what it answers."""

    __slots__ = ("answer", "arguments", "keys", "script")

    def __init__(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> None:
        self.script = script
        self.keys = keys
        self.arguments = arguments
        self.answer: list[int] = []

    def command(self, name: str) -> tuple[Any, ...]:
        """What Redis is sent, by the digest of the script or with its text."""
        script = self.script.digest if name == "EVALSHA" else self.script.text
        return name, script, len(self.keys), *self.keys, *self.arguments


def _numbers(answer: list[int] | bytes) -> list[int]:
    """What a script answers, also where it writes all in one string: one is read much faster than its many numbers."""
    return [int(word) for word in answer.split()] if isinstance(answer, bytes) else answer


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
        self._errands = Errands(self._ask, _TOGETHER)
        try:
            pool = ConnectionPool.from_url(
                settings.url, max_connections=_AT_ONCE, retry=Retry(NoBackoff(), 0),
                socket_timeout=None,  # `answering` has one for both ways at once
            )  # fmt: skip
        except ValueError:  # its message may quote the password
            raise StartupError("The setting redis.url is wrong: it begins with redis:// or rediss://.") from None
        self._redis = Redis(connection_pool=pool)
        self._send: Callable[..., Awaitable[Any]] = self._redis.execute_command
        self._pool = pool

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> list[int]:
        """What a script answers; raises Unavailable."""
        self.check()
        asked = _Asked(script, keys, arguments)
        await self._ask((asked,))
        return asked.answer

    async def run_together(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> list[int]:
        """Do so for one of many: what is asked while an answer is under way goes with the next errand."""
        self.check()
        asked = _Asked(script, keys, arguments)
        await self._errands.join(asked).answered()
        return asked.answer

    async def _ask(self, batch: Sequence[_Asked]) -> None:
        async with self.answering():
            answers = await self._answers(batch)
        for asked, answer in zip(batch, answers, strict=True):
            asked.answer = answer

    async def _answers(self, batch: Sequence[_Asked]) -> list[Any]:
        """What each script answers; raises RedisError when one cannot be run: loading, read-only, out of memory."""
        answers = await self._evaluate("EVALSHA", batch)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:  # a Redis that is new, or was started again
            loaded = await self._evaluate("EVAL", [batch[place] for place in unknown])
            for place, answer in zip(unknown, loaded, strict=True):
                answers[place] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [_numbers(answer) for answer in answers]

    async def _evaluate(self, command: str, batch: Sequence[_Asked]) -> list[Any]:
        asking = [asked.command(command) for asked in batch]
        if len(asking) == 1:  # at two thirds of what a pipeline costs
            try:
                return [await self._send(*asking[0])]
            except ResponseError as error:
                return [error]
        errand = self._redis.pipeline(transaction=False)
        for each in asking:
            errand.execute_command(*each)
        answers: list[Any] = await errand.execute(raise_on_error=False)
        return answers

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
