"""Whose word a value is, where a person set it in the place of what the source record held."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.lineage import Origin, WrittenField
from tollway.cases.overlays import Overlays


class Correction(msgspec.Struct, frozen=True):
    """A value that a person set while mending a case."""

    person: str
    case_id: str


async def corrections_of(connection: AsyncConnection, deal_id: str) -> Mapping[str, Correction]:
    """Those of a deal that hold, by the field's path in the deal: `account.tax_registration`; the last one counts."""
    made = await Overlays.standing(connection, deal_id) if deal_id else []
    return {edit.field: Correction(edits.by, case_id) for case_id, edits in made for edit in edits.edits}


def corrected(field: WrittenField, corrections: Mapping[str, Correction]) -> WrittenField:
    """The field with the person who set what an origin of it is said to hold."""
    return (
        replace(field, origins=[_corrected(origin, corrections) for origin in field.origins]) if corrections else field
    )


def _corrected(origin: Origin, corrections: Mapping[str, Correction]) -> Origin:
    path = _path_in_deal(origin)
    for edited, correction in corrections.items() if path else ():
        if edited == path or edited.startswith(f"{path}."):
            return replace(origin, person=correction.person, case_id=correction.case_id)
    return origin


def _path_in_deal(origin: Origin) -> str:
    """Where edits have it; empty for what is no part of the deal."""
    field = origin.field.replace("/", ".")
    match origin.system, origin.record:
        case "crm", "deal":
            return field
        case "crm", "account":
            return f"account.{field}"
        case "crm", "deal_milestone":
            return f"milestones.{origin.id}.{field}"
    return ""
