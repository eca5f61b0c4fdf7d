"""Findings: the disagreements that a run suspects, and what came of each."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from process_apis.reconciliation.reading import suspected_at
from tollway.canonical.reconciliation import (
    Discrepancy,
    DriftKind,
    DriftStatus,
    FindingPage,
    Handling,
    Outcome,
    ReconciliationFinding,
)
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import drifts, reconciliation_findings

findings = reconciliation_findings
PAGE = 500
UNHANDLED = "unhandled"
"""How a finding is handled before anything was decided."""


class Findings:
    """The findings of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def suspect(self, run_id: str, suspected: Iterable[Discrepancy]) -> None:
        """Note disagreements of a first look."""
        rows = [_row(run_id, one, Outcome.SUSPECTED) for one in suspected]
        if rows:
            async with self._database.transaction() as connection:
                await connection.execute(insert(connection, findings).on_conflict_do_nothing(), rows)

    async def suspect_open(self, run_id: str, kinds: Iterable[DriftKind]) -> None:
        """Suspect every open drift of these kinds, whatever its days, so that one that is gone is closed."""
        suspected = (literal(Outcome.SUSPECTED), literal(UNHANDLED))
        still = (drifts.c.state == DriftStatus.OPEN) & drifts.c.kind.in_(list(kinds))
        again = select(literal(run_id), drifts.c.id, drifts.c.subject, drifts.c.found, *suspected).where(still)
        columns = [column.name for column in findings.columns]
        async with self._database.transaction() as connection:
            statement = insert(connection, findings).from_select(columns, again)
            await connection.execute(statement.on_conflict_do_nothing())

    async def suspects(self, run_id: str, most: int) -> list[list[Discrepancy]]:
        """What has not had a second look, of some subjects, together what is suspected of the same."""
        waiting = (findings.c.run_id == run_id) & (findings.c.state == Outcome.SUSPECTED)
        subjects = select(findings.c.subject).where(waiting).distinct().order_by(findings.c.subject).limit(most)
        query = select(findings.c.subject, findings.c.found).where(waiting & findings.c.subject.in_(subjects))
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(findings.c.subject, findings.c.drift_id))).all()
        grouped = groupby(rows, key=lambda row: str(row.subject))
        return [[_discrepancy(row) for row in group] for _, group in grouped]

    async def judge(self, run_id: str, verdicts: Iterable[tuple[Discrepancy, Outcome]]) -> None:
        """What the second look said of each, whether it was suspected or not."""
        async with self._database.transaction() as connection:
            for one, outcome in verdicts:
                row = _row(run_id, one, outcome)
                judged = {"state": row["state"], "found": row["found"]}
                statement = insert(connection, findings).values(row)
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=["run_id", "drift_id"], set_=judged)
                )

    async def unhandled(self, run_id: str, most: int) -> list[ReconciliationFinding]:
        """Findings that were confirmed or are gone, and about which nothing has been done yet."""
        judged = findings.c.state.in_((Outcome.CONFIRMED, Outcome.GONE)) & (findings.c.handling == UNHANDLED)
        query = select(findings).where((findings.c.run_id == run_id) & judged).order_by(findings.c.drift_id)
        async with self._database.transaction() as connection:
            return [_finding(row) for row in await connection.execute(query.limit(most))]

    async def page(self, run_id: str, after: str) -> FindingPage:
        """What a run found, whatever came of it, by drift."""
        mine = (findings.c.run_id == run_id) & (findings.c.drift_id > after)
        query = select(findings).where(mine).order_by(findings.c.drift_id).limit(PAGE + 1)
        async with self._database.transaction() as connection:
            items = [_finding(row) for row in await connection.execute(query)]
        return FindingPage(items=items[:PAGE], next=items[PAGE - 1].drift_id if len(items) > PAGE else "")


async def handled(connection: AsyncConnection, run_id: str, drift_id: str, handling: Handling) -> bool:
    """Note what is done about a finding; answers whether nothing had been noted yet."""
    mine = _of(run_id, drift_id) & (findings.c.handling == UNHANDLED)
    return bool((await connection.execute(update(findings).where(mine).values(handling=handling))).rowcount)


def _row(run_id: str, one: Discrepancy, outcome: Outcome) -> dict[str, str]:
    return {
        "run_id": run_id,
        "drift_id": one.drift_id,
        "subject": suspected_at(one),
        "found": msgspec.json.encode(one).decode(),
        "state": outcome,
        "handling": UNHANDLED,
    }


def _of(run_id: str, drift_id: str) -> ColumnElement[bool]:
    return (findings.c.run_id == run_id) & (findings.c.drift_id == drift_id)


def _discrepancy(row: Any) -> Discrepancy:
    return msgspec.json.decode(row.found, type=Discrepancy)


def _finding(row: Any) -> ReconciliationFinding:
    decided = row.handling != UNHANDLED
    return ReconciliationFinding(
        drift_id=row.drift_id,
        discrepancy=_discrepancy(row),
        outcome=Outcome(row.state),
        handling=Handling(row.handling) if decided else Handling.NONE,
    )
