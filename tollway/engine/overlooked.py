"""Finds processes that came to a halt without landing on anybody's desk, and puts them there.

A process parks by opening a case. It can end without: when the database was away just then, when what was recorded can
no longer be read, when every worker that took it up died, or when it was to be retried and the worker died before.
"""

import asyncio
from collections.abc import Sequence

import structlog
from dbos import DBOS
from sqlalchemy import and_, or_, select

from tollway.background import Repeated
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.process import ProcessStatus
from tollway.cases import Cases
from tollway.engine import history
from tollway.engine.engine import Engine
from tollway.engine.underneath import FAILED, statuses, system_engine
from tollway.problems import NotFound, ProblemError
from tollway.storage import Database
from tollway.storage.leases import Leases
from tollway.storage.tables import cases as case_table

log = structlog.get_logger()
PAUSE = 10.0
"""Seconds between two looks."""
OVERLAP_MS = 60_000
"""How far a look reaches back, for what became visible late."""
BATCH = 500
_WORDS = "The process could not be taken up again; its history tells how far it got."


class Overlooked:
    """One worker's look, again and again."""

    def __init__(self, database: Database, cases: Cases, engine: Engine) -> None:
        """`engine`: one that was launched."""
        self._database = database
        self._cases = cases
        self._engine = engine
        self._leases = Leases(database, engine.executor)
        self._seen = (0, "")
        self._unretried: set[str] = set()

    def repeated(self) -> Repeated:
        """The look, by one of all workers."""
        return Repeated("overlooked", self.look, PAUSE)

    async def look(self) -> None:
        """Open the cases that are missing, and offer again those whose retry or cancellation was left half done."""
        if not await self._leases.take("engine-overlooked", 3 * PAUSE):
            return
        await self._open_missing()
        marked = await self._cases.list(CaseStatus.RETRYING, limit=1000)
        waiting = {case.id for case in marked if await _halted(case)}
        # Between the mark and the retry there are moments; twice seen, nobody is at it any more.
        for case_id in waiting & self._unretried:
            await self._cases.reopen(case_id)
        self._unretried = waiting

    async def _open_missing(self) -> None:
        after = (self._seen[0] - OVERLAP_MS, "")
        while failed := await asyncio.to_thread(_failed_after, after):
            known = await self._known(failed)
            for _, process_id in failed:
                if process_id not in known:
                    await self._open(process_id)
            self._seen = after = failed[-1]

    async def _known(self, failed: Sequence[tuple[int, str]]) -> set[str]:
        """Those whose case is not closed, or was closed only after they came to this halt."""
        halted = {process_id: moment for moment, process_id in failed}
        query = select(case_table.c.process_id, case_table.c.closed_at).where(case_table.c.process_id.in_(halted))
        async with self._database.transaction() as connection:
            return {
                row.process_id
                for row in await connection.execute(query)
                if row.closed_at is None or row.closed_at.timestamp() * 1000 >= halted[row.process_id]
            }

    async def _open(self, process_id: str) -> None:
        kept = await DBOS.get_workflow_status_async(process_id)
        if kept is None:
            return
        error = kept.error if isinstance(kept.error, ProblemError) else ProblemError(_WORDS)
        subject = self._engine.subject(kept.name, kept.input["args"][-1]) if kept.input else ""
        await self._cases.park(kept.name, process_id, subject or process_id, error)
        log.warning("overlooked", process=process_id)


async def _halted(case: Case) -> bool:
    try:
        return await history.status(case.process_id) in (ProcessStatus.PARKED, ProcessStatus.CANCELLED)
    except NotFound:
        return False


def _failed_after(place: tuple[int, str]) -> list[tuple[int, str]]:
    """The next that came to a halt, by moment and id."""
    moment, last = place
    halted, process = statuses.c.completed_at, statuses.c.workflow_uuid
    query = select(halted, process).where(
        statuses.c.status.in_(FAILED), or_(halted > moment, and_(halted == moment, process > last))
    )
    with system_engine().connect() as connection:
        return [
            (row.completed_at, row.workflow_uuid)
            for row in connection.execute(query.order_by(halted, process).limit(BATCH))
        ]
