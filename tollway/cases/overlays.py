"""Edits that people lay over a source record: they hold until that record itself changes."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.casework import Edit, EditMade
from tollway.canonical.record import Record
from tollway.cases.rows import BY_ITSELF, moment, note
from tollway.problem_document import Violation
from tollway.problems import Invalid
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import case_overlays

R = TypeVar("R", bound=Record)


class Overlays:
    """Keeps them, by the source record's id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lay(self, object_id: str, edits: Sequence[Edit], digest: str, *, case_id: str, by: str) -> None:
        """Keep edits of a source record whose content has this digest."""
        async with self._database.transaction() as connection:
            row = {
                "case_id": case_id,
                "object_id": object_id,
                "edits": msgspec.to_builtins(edits),
                "source_digest": digest,
                "by": by,
                "at": await moment(connection),
            }
            await connection.execute(insert(connection, case_overlays).values(row))
            said = "; ".join(f"{edit.field} = {edit.value}" for edit in edits)
            await note(connection, case_id, "edited", by, said)

    async def edits(self, object_id: str, digest: str) -> list[Edit]:
        """The edits that hold for a source record as it is now; what was laid over another content ends."""
        query = select(case_overlays).where(_standing(object_id)).order_by(case_overlays.c.id)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        if any(row.source_digest != digest for row in rows):
            await self._void(object_id, digest)
        return [edit for row in rows if row.source_digest == digest for edit in _made(row).edits]

    async def of_case(self, case_id: str) -> list[EditMade]:
        """All edits that were made to mend a case, in order."""
        query = select(case_overlays).where(case_overlays.c.case_id == case_id).order_by(case_overlays.c.id)
        async with self._database.transaction() as connection:
            return [_made(row) for row in await connection.execute(query)]

    @staticmethod
    async def standing(connection: AsyncConnection, object_id: str) -> list[tuple[str, EditMade]]:
        """The edits of a source record that hold, with the case that each was made in."""
        query = select(case_overlays).where(_standing(object_id)).order_by(case_overlays.c.id)
        return [(row.case_id, _made(row)) for row in await connection.execute(query)]

    async def _void(self, object_id: str, digest: str) -> None:
        stale = _standing(object_id) & (case_overlays.c.source_digest != digest)
        async with self._database.transaction() as connection:
            at = await moment(connection)
            ended = update(case_overlays).where(stale).values(voided_at=at).returning(case_overlays.c.case_id)
            for case_id in sorted({row.case_id for row in await connection.execute(ended)}):
                said = "The source record was changed since, so that the edits no longer count."
                await note(connection, case_id, "edits dropped", BY_ITSELF, said)


def edited(record: R, edits: Sequence[Edit]) -> R:
    """The record with edits laid over it; raises Invalid, naming the fields, where they do not fit."""
    plain = msgspec.to_builtins(record)
    for edit in edits:
        try:
            _place(plain, edit.field.split("."), edit.value)
        except LookupError:
            said = "There is no such field, or no such item of the list."
            raise Invalid("An edit does not fit.", violations=[Violation(_pointer(edit.field), said)]) from None
    try:
        return msgspec.convert(plain, type(record), strict=False)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$.")
        raise Invalid("An edit does not fit.", violations=[Violation(_pointer(path.rstrip("`")), said)]) from None


def _place(node: Any, path: list[str], value: str) -> None:
    """Put a value where a path leads; an item of a list is named by its id."""
    name, below = path[0], path[1:]
    if isinstance(node, list):
        item = next((item for item in node if item.get("id") == name), None)
        if item is None or not below:
            raise KeyError(name)
        _place(item, below, value)
    elif not isinstance(node, dict):
        raise KeyError(name)
    elif below:
        inner = node.setdefault(name, {})
        if inner is None:
            inner = node[name] = {}
        _place(inner, below, value)
    else:
        node[name] = value


def _pointer(field: str) -> str:
    return "/" + field.replace(".", "/")


def _standing(object_id: str) -> Any:
    return (case_overlays.c.object_id == object_id) & case_overlays.c.voided_at.is_(None)


def _made(row: Row[Any]) -> EditMade:
    return EditMade(edits=msgspec.convert(row.edits, list[Edit]), by=row.by, at=row.at, voided_at=row.voided_at)
