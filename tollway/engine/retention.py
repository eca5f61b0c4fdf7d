"""Forgetting the history of processes that ended long ago; effects, cases and audit stay.

Of a process that never begins anew it stays known that it began, or was given up: its steps alone are forgotten.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from dbos import DBOS
from sqlalchemy import ColumnElement, Row, and_, exists, literal_column, or_, select, true

from tollway.background import Repeated
from tollway.engine.engine import Engine
from tollway.engine.underneath import FAILED, forget_steps, outputs, statuses, system_engine
from tollway.retention_settings import RetentionSettings
from tollway.storage import Database
from tollway.storage.leases import Leases
from tollway.storage.rows import now
from tollway.storage.tables import cases

log = structlog.get_logger()
ENDED = ("SUCCESS", "CANCELLED", *FAILED)
BATCH = 200
BETWEEN = 0.05
"""Seconds between two batches, so that processes that run get their turn."""
TURN = 3600.0
LEASE = 600.0
DAY_MS = 86_400_000


class Retention:
    """Deletes what the policy no longer keeps, in small batches."""

    def __init__(self, settings: RetentionSettings, database: Database, engine: Engine) -> None:
        """`engine`: one that was launched."""
        self._days = {kind: settings.processes.get(kind, settings.days) for kind in engine.kinds}
        self._once = frozenset(engine.once)
        self._database = database
        self._leases = Leases(database, engine.executor)

    def repeated(self) -> Repeated:
        """The sweep, every hour, by one worker."""
        return Repeated("retention", self.turn, TURN)

    async def turn(self) -> int:
        """Delete everything that is due, when no other worker does; answers how many processes went."""
        if not await self._leases.take("engine-retention", LEASE):
            return 0
        gone = 0
        for kind, days in self._days.items():
            gone += await self._sweep(kind, days)
        if gone:
            log.info("forgotten", processes=gone)
        return gone

    async def _sweep(self, kind: str, days: float) -> int:
        gone, after, once = 0, (0, ""), kind in self._once
        while rows := await asyncio.to_thread(_ended, kind, days, after, once=once):
            due = await self._without_open_case(rows)
            if due and once:
                await asyncio.to_thread(forget_steps, due)
            elif due:
                await DBOS.delete_workflows_async(due)
            gone, after = gone + len(due), (rows[-1].completed_at, rows[-1].workflow_uuid)
            await asyncio.sleep(BETWEEN)
            await self._leases.take("engine-retention", LEASE)
        return gone

    async def _without_open_case(self, rows: Sequence[Row[Any]]) -> list[str]:
        ids = [row.workflow_uuid for row in rows]
        waiting = select(cases.c.process_id).where(cases.c.process_id.in_(ids) & cases.c.closed_at.is_(None))
        async with self._database.transaction() as connection:
            held = {row.process_id for row in await connection.execute(waiting)}
        return [process_id for process_id in ids if process_id not in held]


def _ended(kind: str, days: float, after: tuple[int, str], *, once: bool) -> list[Row[Any]]:
    """The next that ended longer ago than `days` by the database's clock, the oldest first.

    `once`: those only of which there are steps to forget.
    """
    moment, last = after
    ended, process = statuses.c.completed_at, statuses.c.workflow_uuid
    with system_engine().connect() as connection:
        limit: ColumnElement[float] = literal_column(f"({now(connection.dialect)} * 1000)") - days * DAY_MS
        query = select(process, ended).where(
            statuses.c.name == kind,
            exists().where(outputs.c.workflow_uuid == process) if once else true(),
            statuses.c.status.in_(ENDED),
            ended < limit,
            or_(ended > moment, and_(ended == moment, process > last)),
        )
        return list(connection.execute(query.order_by(ended, process).limit(BATCH)))
