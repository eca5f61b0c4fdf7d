"""Waking: what is parked because a platform was away, or its quota used up, is retried by itself later."""

import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import select, update

from tollway.background import Repeated
from tollway.canonical.case import CaseStatus
from tollway.cases.cases import Cases
from tollway.cases.due import FIRST
from tollway.cases.rows import moment
from tollway.problems import Conflict, NotFound
from tollway.storage import Database
from tollway.storage.leases import Leases
from tollway.storage.tables import cases

LEASE = "case waking"
PAUSE = 5.0
AT_ONCE = 100
log = structlog.get_logger()


class Waking:
    """Looks for cases whose time has come; of all workers one does."""

    def __init__(
        self, database: Database, leases: Leases, cases_: Cases, retry: Callable[[str], Awaitable[None]]
    ) -> None:
        """`retry` runs a parked process again, by its id; raises NotFound for what is none, Conflict if it must not."""
        self._database = database
        self._leases = leases
        self._cases = cases_
        self._retry = retry

    def repeated(self, pause: float = PAUSE) -> Repeated:
        """Looking again and again, in the background."""
        return Repeated("case waking", self.look, pause)

    async def look(self) -> int:
        """Retry what is due, the longest parked first; answers how many."""
        if not await self._leases.take(LEASE, 6 * PAUSE):
            return 0
        async with self._database.transaction() as connection:
            due = (cases.c.status == CaseStatus.OPEN) & (cases.c.wakes_at <= await moment(connection))
            query = select(cases.c.id, cases.c.process_id).where(due).order_by(cases.c.wakes_at).limit(AT_ONCE)
            woken = (await connection.execute(query)).all()
        for case_id, process_id in woken:
            try:
                await self._wake(case_id, process_id)
            except Exception:  # the others do not wait for this one
                log.exception("case not woken", case=case_id, process_id=process_id)
        return len(woken)

    async def _wake(self, case_id: str, process_id: str) -> None:
        with contextlib.suppress(Conflict):  # a person has it in hand at this very moment
            await self._cases.retrying(case_id)
            await self._again(case_id, process_id)

    async def _again(self, case_id: str, process_id: str) -> None:
        try:
            await self._retry(process_id)
        except (NotFound, Conflict) as refusal:
            # Of no process: whoever found it looks again by itself. Of one that runs: its end settles the case. Of one
            # that was given up: a person closes the case.
            await self._put_back(case_id, None)
            log.info("case left to others", case=case_id, process_id=process_id, reason=refusal.detail)
        except BaseException:
            await self._put_back(case_id, FIRST)
            raise
        else:
            log.info("case woken", case=case_id, process_id=process_id)

    async def _put_back(self, case_id: str, seconds: float | None) -> None:
        """On its desk again, to be woken after so many seconds or not at all; unless it was settled meanwhile."""
        ours = (cases.c.id == case_id) & (cases.c.status == CaseStatus.RETRYING)
        async with self._database.transaction() as connection:
            later = None if seconds is None else await moment(connection) + dt.timedelta(seconds=seconds)
            await connection.execute(update(cases).where(ours).values(wakes_at=later))
        await self._cases.reopen(case_id)
