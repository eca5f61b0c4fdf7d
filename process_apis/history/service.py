"""History as the other services see it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from itertools import chain

import msgspec

from process_apis.history import telling
from tollway.audit.chain import moment
from tollway.audit.reading import AuditReader
from tollway.canonical.contract import deal_of, number_of
from tollway.canonical.lineage import Lineage
from tollway.canonical.timeline import EntryKind, Timeline, TimelineEntry
from tollway.cases import Cases
from tollway.cases.desk import Desk
from tollway.effects import Effects
from tollway.engine import Engine
from tollway.events.log import EventLog
from tollway.ingress.inbox import Inbox
from tollway.lineage.written import LineageRecords, Written
from tollway.problems import Invalid

MOST = 1000
"""Entries that one answer about a process has."""


class Sources(msgspec.Struct, frozen=True):
    """Everything that notes what happens."""

    inbox: Inbox
    engine: Engine
    effects: Effects
    cases: Cases
    desk: Desk
    audit: AuditReader
    events: EventLog
    lineage: LineageRecords


class Story:
    """Gathers what is known of a deal: each answer tells what else to ask for."""

    def __init__(self, sources: Sources, deal_id: str, project_number: str) -> None:
        self._ask = sources
        self._subjects = {deal_id, project_number}
        self._deal_id = deal_id
        self._objects: set[str] = set()
        self._correlations: set[str] = set()
        self._processes: set[str] = set()

    async def entries(self) -> list[TimelineEntry]:
        """All of them, the earliest first."""
        found = [entry async for part in self._parts() for entry in part]
        return sorted({entry.id: entry for entry in found}.values(), key=_place)

    async def _parts(self) -> AsyncIterator[Sequence[TimelineEntry]]:
        written = {one.effect: one for one in await self._ask.lineage.of_deal(self._deal_id)}
        self._subjects |= {one.object_id for one in written.values() if one.object_type == "invoice"}
        yield await self._engine(written)
        yield await self._notices()
        yield await self._effects(written)
        yield await self._cases()
        told = await self._ask.events.about([*self._subjects, *self._objects, *self._processes])
        yield [telling.of_event(event) for event in told]
        kept = await self._ask.audit.belonging(self._subjects | self._objects | self._processes, self._correlations)
        yield list(chain.from_iterable(map(telling.of_record, kept)))

    async def _engine(self, written: dict[str, Written]) -> list[TimelineEntry]:
        """The processes; those that the engine has forgotten are known by what they wrote."""
        processes = await self._ask.engine.about([*self._subjects])
        remembered = [process.process_id for process in processes]
        self._processes |= {*remembered, *(one.process_id for one in written.values() if one.process_id)}
        steps = defaultdict(list)
        for process_id, step in await self._ask.engine.steps(remembered):
            steps[process_id].append(step)
        told = [entry for one in processes for entry in telling.of_process(one, steps[one.process_id])]
        return told + [entry for one in remembered for step in steps[one] for entry in telling.of_step(one, step)]

    async def _notices(self) -> list[TimelineEntry]:
        notices = [notice for subject in self._subjects for notice in await self._ask.inbox.list(subject=subject)]
        self._correlations |= {notice.correlation_id for notice in notices if notice.correlation_id}
        return [telling.of_notice(notice) for notice in notices]

    async def _effects(self, written: dict[str, Written]) -> list[TimelineEntry]:
        effects = [effect for one in sorted(self._processes) for effect in await self._ask.effects.of_process(one)]
        self._correlations |= {effect.correlation_id for effect in effects}
        return [telling.of_effect(effect, written.get(effect.identity)) for effect in effects]

    async def _cases(self) -> list[TimelineEntry]:
        cases = [case for subject in self._subjects for case in await self._ask.cases.list(None, subject, MOST)]
        self._objects |= {case.id for case in cases}
        self._correlations |= {case.correlation_id for case in cases}
        return [entry for case in cases for entry in telling.of_case(case, await self._ask.desk.history(case.id))]


class DealHistory:
    """Implements the history port."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def lineage(self, object_type: str, object_id: str, field: str) -> Lineage | None:
        return await self._sources.lineage.lineage(object_type, object_id, field)

    async def deal(self, deal_id: str, cursor: str, limit: int) -> Timeline | None:
        number = number_of(deal_id)
        entries = await Story(self._sources, deal_id, number).entries()
        if not entries:
            return None
        begins = _after(entries, cursor) if cursor else 0
        page = entries[begins : begins + limit]
        more = begins + limit < len(entries)
        return Timeline(deal_id=deal_id, project_number=number, items=page, cursor=_cursor(page[-1]) if more else "")

    async def process(self, process_id: str) -> Timeline:
        subject = process_id.split(":")[1] if ":" in process_id else process_id
        deal_id = deal_of(subject) or subject
        entries = await Story(self._sources, deal_id, number_of(deal_id)).entries()
        mine = {entry.correlation_id for entry in entries if entry.process_id == process_id and entry.correlation_id}
        outside = (EntryKind.CALL, EntryKind.NOTICE, EntryKind.DEED)
        kept = [
            entry
            for entry in entries
            if entry.process_id == process_id or (entry.kind in outside and entry.correlation_id in mine)
        ]
        return Timeline(deal_id=deal_id, project_number=number_of(deal_id), items=kept[-MOST:])


def _place(entry: TimelineEntry) -> tuple[str, str]:
    return moment(entry.at), entry.id


def _cursor(entry: TimelineEntry) -> str:
    return "~".join(_place(entry))


def _after(entries: Sequence[TimelineEntry], cursor: str) -> int:
    """Where the entries after a page begin, whatever was added before meanwhile."""
    at, separator, name = cursor.partition("~")
    if not separator:
        raise Invalid("The cursor is none that a page of a timeline gave.")
    return sum(_place(entry) <= (at, name) for entry in entries)
