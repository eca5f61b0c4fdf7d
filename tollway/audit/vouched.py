"""What the audit vouches for in other tables: where every field came from, and what was done to cases."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.storage.tables import case_events, lineage

APPLIED, CASE = "effect.applied", "case."
"""The deeds of effects, and what those of cases begin with."""
LINEAGE, DETAIL = "lineage", "sha256"
"""The details of a deed that hold the digest of a row in `lineage`, and of the words in `case_events`."""
_NOTHING = hashlib.sha256(b"").hexdigest()


def lineage_digest(row: Mapping[str, Any]) -> str:
    """The digest of a row of lineage, but for its moment, which a database may round."""
    said = {name: row[name] for name in sorted(column.name for column in lineage.c) if name != "written_at"}
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


class Vouched:
    """Compares these tables, as they are found at the beginning, with the deeds of the chain."""

    def __init__(self) -> None:
        self._there = {APPLIED: 0, CASE: 0}
        self._told = {APPLIED: 0, CASE: 0}

    async def count(self, connection: AsyncConnection) -> None:
        """Count the rows there are, of which each must be told of by a deed; before the chain is read."""
        for kind, table in ((APPLIED, lineage), (CASE, case_events)):
            self._there[kind] = (await connection.execute(select(func.count()).select_from(table))).scalar_one()

    async def compare(self, connection: AsyncConnection, deeds: Sequence[Row[Any]]) -> tuple[int, str] | None:
        """The first of these records of the audit that is not borne out, and why."""
        effects = [deed for deed in deeds if deed.operation == APPLIED]
        cases = [deed for deed in deeds if deed.operation.startswith(CASE)]
        self._told[APPLIED] += len(effects)
        self._told[CASE] += len(cases)
        written, done = await _lineage_of(connection, effects), await _events_of(connection, cases)
        wrong = [
            (deed.id, f"the lineage of {deed.about} is not what was written with it")
            for deed in effects
            if (digest := _details(deed).get(LINEAGE)) and digest not in written[deed.about]
        ]
        wrong += [
            (deed.id, f"the history of {deed.about} is not what was written with it")
            for deed in cases
            if (deed.operation, deed.subject, _details(deed).get(DETAIL, _NOTHING)) not in done[deed.about]
        ]
        return min(wrong, default=None)

    def added(self) -> str:
        """What the whole chain does not tell of; empty when that is nothing."""
        more = {kind: self._there[kind] - told for kind, told in self._told.items()}
        if more[APPLIED] > 0:
            return f"no record tells of {more[APPLIED]} rows of the lineage"
        return f"no record tells of {more[CASE]} rows of the history of cases" if more[CASE] > 0 else ""


def _details(deed: Row[Any]) -> dict[str, str]:
    return msgspec.json.decode(deed.said, type=dict[str, str]) if deed.said else {}


async def _lineage_of(connection: AsyncConnection, effects: Sequence[Row[Any]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    if effects:
        query = select(lineage).where(lineage.c.effect.in_({deed.about for deed in effects}))
        for row in (await connection.execute(query)).mappings():
            found[row["effect"]].add(lineage_digest({str(name): value for name, value in row.items()}))
    return found


async def _events_of(connection: AsyncConnection, cases: Sequence[Row[Any]]) -> Mapping[str, set[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    if cases:
        query = select(case_events).where(case_events.c.case_id.in_({deed.about for deed in cases}))
        for row in await connection.execute(query):
            digest = hashlib.sha256(row.detail.encode()).hexdigest()
            found[row.case_id].add((f"{CASE}{row.did.replace(' ', '_')}", row.by, digest))
    return found
