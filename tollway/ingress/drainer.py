"""Drainers: take stored notices to their handlers, in order per subject, side by side over subjects."""

import asyncio
import datetime as dt
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from tollway import context
from tollway.background import Repeated
from tollway.canonical.case import Category
from tollway.canonical.notice import Notice, NoticeStatus
from tollway.cases import Cases
from tollway.ingress.inbox import Inbox
from tollway.ingress.lanes import LEASE, Lane, Lanes, Round, Settled, Waiting
from tollway.ingress.rows import written
from tollway.problems import Invalid, Malformed, ProblemError, Rejected
from tollway.storage import Database

log = structlog.get_logger()
Handler = Callable[[Notice], Awaitable[None]]
"""Does what a notice asks for; it may be given the same notice again, when a worker dies in between."""
Handlers = Mapping[tuple[str, str], Handler]
"""By kind and type of notice."""
PROCESS = "ingress"
"""What cases say that a notice is stuck in."""
ATTEMPTS = 8
"""Failures after which a notice is somebody's case: a platform that is away for some minutes makes none."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
PARKED_PAUSE = 900.0
"""Seconds until a notice is tried again: growing at first, and long once it is a case."""
HANDLE_SECONDS = 60.0
LOOK_SECONDS = 1.0
"""Pause between two looks for what others stored, put off or left behind; what is stored here is taken at once."""
SLOW = 10.0
"""Seconds after which a look is worth a line in the log: it is over in no time unless the database does not answer."""
AT_ONCE = 16
_FINAL = (Rejected, Invalid, Malformed)
"""Failures that no repetition mends."""


class Drainer(Repeated):
    """Takes the notices of some kinds, as one of any number of workers."""

    def __init__(
        self,
        name: str,
        inbox: Inbox,
        database: Database,
        cases: Cases,
        kinds: Sequence[str],
        handlers: Handlers,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        """`at_once`: subjects whose notices are taken side by side."""
        super().__init__(f"drainer {name}", self.turn, LOOK_SECONDS, slow=SLOW)
        self._cases = cases
        self._handlers = handlers
        self._at_once = at_once
        self._lanes = Lanes(database, kinds, secrets.token_hex(8))
        self._keeping = Repeated(f"leases of drainer {name}", self._keep, LEASE / 3)
        self._taken: dict[asyncio.Task[None], Lane] = {}
        inbox.wake(kinds, self.ask)

    async def start(self) -> None:
        """Take turns, and keep what is taken, until `stop`."""
        await super().start()
        await self._keeping.start()

    async def stop(self) -> None:
        """End, in the middle of a notice if need be, and let others take it."""
        await super().stop()
        await self._keeping.stop()
        taken = dict(self._taken)
        for task in taken:
            task.cancel()
        await asyncio.gather(*taken, return_exceptions=True)
        await self._lanes.let_go(list(taken.values()))

    async def turn(self) -> None:
        """Take as many lanes as there is room for; they go on beside the next turns."""
        while (room := self._at_once - len(self._taken)) > 0:
            lanes = await self._lanes.take(room)
            for lane in lanes:
                task = asyncio.create_task(self._through(lane), name=f"{lane.kind} {lane.subject}")
                self._taken[task] = lane
                task.add_done_callback(self._gone)
            if len(lanes) < room:
                return

    async def _keep(self) -> None:
        await self._lanes.keep(list(self._taken.values()))

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._taken.pop(task)
        if not task.cancelled() and (error := task.exception()):
            # What it did is done again when its lease is over, which handlers put up with.
            log.warning("a lane is left", lane=task.get_name(), reason=str(error))
        self.ask()

    async def _through(self, lane: Lane) -> None:
        """Take a lane's notices until one fails, and settle them together."""
        settled: list[Settled] = []
        delay = 0.0
        for waiting in lane.waiting:
            one = await self._settled(waiting)
            settled.append(one)
            if one.status in (NoticeStatus.WAITING, NoticeStatus.PARKED):
                delay = PARKED_PAUSE if one.status is NoticeStatus.PARKED else _pause(one.attempts)
                break
        await self._lanes.settle(Round(lane, settled, delay))

    async def _settled(self, waiting: Waiting) -> Settled:
        handler = self._handlers.get((waiting.notice.kind, waiting.notice.type))
        if handler is None:
            return Settled(waiting.id, NoticeStatus.UNHANDLED, waiting.attempts, "", _now())
        token = context.enter(context.new_context(waiting.correlation_id))
        try:
            async with asyncio.timeout(HANDLE_SECONDS):
                await handler(waiting.notice)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is told to somebody
            return await self._failed(waiting, error)
        finally:
            context.leave(token)
        if waiting.failed_before:  # a case may be open, also of one that a person has had taken again
            await self._cases.resolve(case_identity(str(waiting.id)))
        return Settled(waiting.id, NoticeStatus.DONE, waiting.attempts, "", _now())

    async def _failed(self, waiting: Waiting, error: Exception) -> Settled:
        """Put the notice off, or open a case when that has been done often enough or is of no use."""
        attempts, notice, problem = waiting.attempts + 1, waiting.notice, _problem(error)
        final = attempts >= ATTEMPTS or isinstance(error, _FINAL)
        said = f"{problem.detail}"[:1000]
        log.warning("a notice failed", source=notice.source, event_id=notice.event_id, attempts=attempts, reason=said)
        if not final:
            return Settled(waiting.id, NoticeStatus.WAITING, attempts, said)
        await self._cases.park(PROCESS, case_identity(str(waiting.id)), notice.subject, problem)
        return Settled(waiting.id, NoticeStatus.PARKED, attempts, said)


def case_identity(notice_id: str) -> str:
    """By what the case of a notice is found."""
    return f"notice:{notice_id}"


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, _FINAL) and not error.category:
        return Rejected(error.detail, category=Category.NOTICE_REFUSED, violations=error.violations)
    if isinstance(error, ProblemError):
        return error
    log.error("unforeseen", exc_info=error)
    return ProblemError(f"Something failed that nobody foresaw ({type(error).__name__}).")


def _pause(attempts: int) -> float:
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempts - 1))
    return longest * (1 + secrets.randbelow(1000) / 1000) / 2  # at random, so that not all come back at once


def _now() -> str:
    return written(dt.datetime.now(dt.UTC))
