"""Drifts: disagreements that last from one run to the next, until a second look finds them gone."""

import datetime as dt
from typing import Any

import msgspec
from sqlalchemy import Row, select, update

from process_apis.reconciliation.findings import handled
from process_apis.reconciliation.handling import severity_of
from process_apis.reconciliation.reading import suspected_at
from tollway.canonical.reconciliation import Discrepancy, Drift, DriftKind, DriftPage, DriftStatus, Handling
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import drifts

PAGE = 500


class Drifts:
    """What systems disagree about, over all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, run_id: str, one: Discrepancy, handling: Handling) -> None:
        """Note that a run found it, and what is done about it."""
        moment = dt.datetime.now(dt.UTC)
        seen: dict[str, Any] = {
            "subject": suspected_at(one),
            "found": msgspec.json.encode(one).decode(),
            "state": DriftStatus.OPEN,
            "handling": handling,
            "run_id": run_id,
            "last_found_at": moment,
            "closed_at": None,
        }
        repairs = int(handling is Handling.REPAIR)
        new = seen | {"id": one.drift_id, "kind": one.kind, "first_found_at": moment, "repairs": repairs}
        async with self._database.transaction() as connection:
            if not await handled(connection, run_id, one.drift_id, handling):
                return
            before = (await connection.execute(select(drifts).where(drifts.c.id == one.drift_id))).one_or_none()
            again = before is not None and before.state == DriftStatus.OPEN
            kept = {"repairs": before.repairs + repairs} if before is not None and again else new
            statement = insert(connection, drifts).values(new)
            await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=seen | kept))

    async def close(self, run_id: str, drift_id: str) -> None:
        """Note that it is gone."""
        gone = {"state": DriftStatus.CLOSED, "closed_at": dt.datetime.now(dt.UTC), "run_id": run_id}
        where = (drifts.c.id == drift_id) & (drifts.c.state == DriftStatus.OPEN)
        async with self._database.transaction() as connection:
            await connection.execute(update(drifts).where(where).values(gone))
            await handled(connection, run_id, drift_id, Handling.NONE)

    async def find(self, drift_id: str) -> Drift | None:
        """The drift as the latest run left it."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(drifts).where(drifts.c.id == drift_id))).one_or_none()
        return _drift(row) if row else None

    async def page(self, status: DriftStatus | None, kind: DriftKind | None, after: str) -> DriftPage:
        """A page of drifts, by id."""
        query = select(drifts).where(drifts.c.id > after).order_by(drifts.c.id).limit(PAGE + 1)
        if status:
            query = query.where(drifts.c.state == status)
        if kind:
            query = query.where(drifts.c.kind == kind)
        async with self._database.transaction() as connection:
            items = [_drift(row) for row in await connection.execute(query)]
        return DriftPage(items=items[:PAGE], next=items[PAGE - 1].id if len(items) > PAGE else "")


def _drift(row: Row[tuple[object, ...]]) -> Drift:
    discrepancy = msgspec.json.decode(row.found, type=Discrepancy)
    return Drift(
        id=row.id,
        discrepancy=discrepancy,
        severity=severity_of(discrepancy.kind),
        status=DriftStatus(row.state),
        handling=Handling(row.handling),
        repairs=row.repairs,
        run_id=row.run_id,
        first_found_at=row.first_found_at,
        last_found_at=row.last_found_at,
        closed_at=row.closed_at,
    )
