"""Runs: what was asked of each, and how far it got."""

import datetime as dt

import msgspec
from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from process_apis.reconciliation.rows import Rows
from tollway.canonical.reconciliation import Handling, Outcome, Reconciliation, ReconciliationOrder
from tollway.problems import found
from tollway.storage import Database
from tollway.storage.database import insert_new
from tollway.storage.rows import now
from tollway.storage.tables import reconciliation_findings, reconciliation_runs, reconciliation_sources

PROCESS = "reconciliation"
runs, findings = reconciliation_runs, reconciliation_findings


class Runs:
    """The runs, on demand and scheduled."""

    def __init__(self, database: Database, rows: Rows) -> None:
        self._database = database
        self._rows = rows

    async def begin(self, run_id: str, order: ReconciliationOrder) -> bool:
        """Note a run; answers whether it is new."""
        row = {
            "id": run_id,
            "span": [order.start.isoformat(), order.end.isoformat()],
            "kinds": list(order.kinds),
            "dry_run": order.dry_run,
            "started_at": dt.datetime.now(dt.UTC),
        }
        async with self._database.transaction() as connection:
            return await insert_new(connection, runs, row)

    async def compared(self, run_id: str) -> None:
        """The first look has ended; said again, it ended when it was said first."""
        async with self._database.transaction() as connection:
            mine = (runs.c.id == run_id) & runs.c.compared_at.is_(None)
            await connection.execute(update(runs).where(mine).values(compared_at=await _clock(connection)))

    async def since_compared(self, run_id: str) -> float:
        """Seconds since the first look ended, by the database's clock."""
        query = select(runs.c.compared_at).where(runs.c.id == run_id)
        async with self._database.transaction() as connection:
            return await _clock(connection) - float((await connection.execute(query)).scalar_one())

    async def finish(self, run_id: str) -> None:
        """The run has come to its end."""
        async with self._database.transaction() as connection:
            mine = (runs.c.id == run_id) & runs.c.finished_at.is_(None)
            await connection.execute(update(runs).where(mine).values(finished_at=dt.datetime.now(dt.UTC)))

    async def get(self, run_id: str) -> Reconciliation:
        """The run with its progress; raises NotFound."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(runs).where(runs.c.id == run_id))).one_or_none()
        return await self._shown(found(row, f"reconciliation {run_id}"))

    async def latest(self, many: int) -> list[Reconciliation]:
        """The latest runs, the latest first."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id).limit(many)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [await self._shown(row) for row in rows]

    async def latest_of(self, prefix: str) -> Reconciliation | None:
        """The latest run whose id begins so."""
        query = select(runs).where(runs.c.id.startswith(prefix, autoescape=True)).order_by(runs.c.started_at.desc())
        async with self._database.transaction() as connection:
            row = (await connection.execute(query.limit(1))).one_or_none()
        return await self._shown(row) if row else None

    async def last_scheduled(self) -> dt.datetime | None:
        """When the latest scheduled run began."""
        query = select(func.max(runs.c.started_at)).where(runs.c.id.startswith(SCHEDULED))
        async with self._database.transaction() as connection:
            moment: dt.datetime | None = (await connection.execute(query)).scalar()
        return moment

    async def forget(self, before: dt.datetime) -> None:
        """Drop runs that ended before a moment, with their findings; drifts stay."""
        old = select(runs.c.id).where(runs.c.finished_at < before)
        async with self._database.transaction() as connection:
            for table in (findings, reconciliation_sources):
                await connection.execute(delete(table).where(table.c.run_id.in_(old)))
            await connection.execute(delete(runs).where(runs.c.finished_at < before))

    async def _shown(self, row: Row[tuple[object, ...]]) -> Reconciliation:
        mine = findings.c.run_id == row.id
        query = select(findings.c.state, findings.c.handling, func.count().label("many")).where(mine)
        async with self._database.transaction() as connection:
            counted = (await connection.execute(query.group_by(findings.c.state, findings.c.handling))).all()

        def many(outcome: Outcome, handling: Handling | None = None) -> int:
            of = (one for one in counted if one.state == outcome and handling in (None, one.handling))
            return sum(one.many for one in of)

        return Reconciliation(
            id=row.id,
            process_id=f"{PROCESS}:{row.id}",
            order=_order(row),
            started_at=row.started_at,
            finished_at=row.finished_at,
            sources=await self._rows.progress(row.id),
            suspected=many(Outcome.SUSPECTED),
            found=many(Outcome.CONFIRMED),
            gone=many(Outcome.GONE),
            left=many(Outcome.LEFT),
            repaired=many(Outcome.CONFIRMED, Handling.REPAIR),
            cases=many(Outcome.CONFIRMED, Handling.CASE),
        )


SCHEDULED = "scheduled-"
"""Begins the ids of runs that nobody asked for."""


def _order(row: Row[tuple[object, ...]]) -> ReconciliationOrder:
    first, last = row.span
    given = {"from": first, "to": last, "kinds": row.kinds, "dry_run": row.dry_run}
    return msgspec.convert(given, ReconciliationOrder)


async def _clock(connection: AsyncConnection) -> float:
    return float((await connection.execute(text(f"SELECT {now(connection.dialect)}"))).scalar_one())
