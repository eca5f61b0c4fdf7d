"""Changes of timecards and milestones as one order of changed projects. Pure.

A cursor's id holds the last id that was seen of each kind at the cursor's moment, since only the platform knows how it
orders ids, and it never orders those of two kinds together.
"""

from collections.abc import Mapping, Sequence

from system_apis.psa.certinia.models import ChangedWork
from system_apis.psa.certinia.queries import MILESTONE, TIMECARD
from tollway.canonical.record import Change, Changes, Cursor

KINDS = (TIMECARD, MILESTONE)
BETWEEN = ","


def places(cursor: Cursor) -> dict[str, Cursor]:
    """Where each kind is to be continued from."""
    ids = (cursor.id + BETWEEN).split(BETWEEN)
    return {kind: Cursor(moment=cursor.moment, id=seen) for kind, seen in zip(KINDS, ids, strict=False)}


def page(rows: Mapping[str, Sequence[ChangedWork]], cursor: Cursor, most: int) -> Changes:
    """The changes of the first `most` of these rows, which each kind has in the platform's order."""
    merged = sorted(
        ((row, kind) for kind in KINDS for row in rows[kind]),
        key=lambda pair: pair[0].SystemModstamp,
    )
    taken = merged[:most]
    latest: dict[str, Change] = {}
    for row, _ in taken:
        number = row.pse__Project__r.Tollway_External_Id__c
        latest.pop(number, None)
        latest[number] = Change(id=number, at=row.SystemModstamp)
    return Changes(items=list(latest.values()), cursor=_after(taken, cursor), more=len(merged) > most)


def _after(taken: Sequence[tuple[ChangedWork, str]], cursor: Cursor) -> Cursor:
    if not taken:
        return cursor
    moment = taken[-1][0].SystemModstamp
    seen = {kind: place.id for kind, place in places(cursor).items()} if moment == cursor.moment else {}
    seen |= {kind: row.Id for row, kind in taken if row.SystemModstamp == moment}
    return Cursor(moment=moment, id=BETWEEN.join(seen.get(kind, "") for kind in KINDS))
