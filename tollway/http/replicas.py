"""A service that runs several times: calls go round, and a replica that keeps failing is left alone for a while."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic

import structlog

from tollway.http.exchange import Answer, Call
from tollway.http.network import RemoteService
from tollway.problems import Unavailable
from tollway.resilience.breaker import Breaker, BreakerLimits
from tollway.service import is_away

log = structlog.get_logger()
LIMITS = BreakerLimits(failures_in_a_row=3, open_seconds=2.0)
_Way = Callable[[Call, float], Awaitable[Answer]]
_PATIENT = 5.0
"""Seconds that a replica must have been given for its silence to count against it."""


class Replica:
    """One of them, and whether it is left alone."""

    def __init__(self, name: str, url: str, limits: BreakerLimits) -> None:
        self._service = RemoteService(name, url)
        self._circuit = Breaker(f"{name} at {url}", limits)
        self.close = self._service.close

    @property
    def well(self) -> bool:
        """Whether calls go to it as a matter of course."""
        return self._circuit.closed

    def may_try(self) -> bool:
        """Whether it is time for a call to find out that it is well again; who is told so makes one."""
        try:
            self._circuit.admit()
        except Unavailable:
            return False
        return True

    async def call(self, request: Call, seconds: float) -> Answer:
        """As RemoteService does; what becomes of it decides whether it is left alone."""
        epoch, asked = self._circuit.epoch, monotonic()
        try:
            answer = await self._service.call(request, seconds)
        except Exception:
            if monotonic() - asked < seconds or seconds >= _PATIENT:
                self._failed(epoch)
            else:
                self._circuit.abandoned(epoch)
            raise
        except BaseException:
            self._circuit.abandoned(epoch)
            raise
        if is_away(answer.status, answer.headers):
            self._failed(epoch)
        else:
            self._circuit.answered(epoch)
        return answer

    async def call_at_last(self, request: Call, seconds: float) -> Answer:
        """Call it although it is left alone, as all others are; only an answer says anything new."""
        epoch = self._circuit.epoch
        answer = await self._service.call(request, seconds)
        if not is_away(answer.status, answer.headers):
            self._circuit.answered(epoch)
        return answer

    def _failed(self, epoch: int) -> None:
        well = self._circuit.closed
        self._circuit.failed(epoch)
        if well and not self._circuit.closed:
            log.warning("replica left alone", replica=self._circuit.upstream)


class Replicas:
    """Calls that go round; one that may be repeated goes to the next where a replica cannot take it."""

    def __init__(self, name: str, urls: Sequence[str], limits: BreakerLimits = LIMITS) -> None:
        self._name = name
        self._replicas = [Replica(name, url, limits) for url in urls]
        self._turn = 0

    async def call(self, request: Call, seconds: float) -> Answer:
        """As RemoteService does, with what the last replica raised when none took it."""
        ends, refused = monotonic() + seconds, Unavailable(f"{self._name} was given no time to answer.", retry_after=1)
        for call in self._in_turn():
            left = ends - monotonic()
            if left <= 0:
                break
            try:
                return await call(request, left)
            except Unavailable as error:
                refused = error
        raise refused

    async def close(self) -> None:
        """Close every connection."""
        for replica in self._replicas:
            await replica.close()

    def _in_turn(self) -> Iterator[_Way]:
        """Those that are well and those whose time it is to be tried, from the next on; all, where that is none."""
        self._turn = (self._turn + 1) % len(self._replicas)
        order = self._replicas[self._turn :] + self._replicas[: self._turn]
        chosen = False
        for replica in order:
            if replica.well or replica.may_try():
                chosen = True
                yield replica.call
        if not chosen:
            yield from (replica.call_at_last for replica in order)
