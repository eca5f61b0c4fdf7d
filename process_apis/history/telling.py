"""What was noted in many places, told in the words of one timeline. Pure."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tollway.audit.reading import KeptRecord
from tollway.audit.record import Kind
from tollway.canonical.case import Case
from tollway.canonical.casework import CaseEvent
from tollway.canonical.event import BusinessEvent
from tollway.canonical.notice import KeptNotice
from tollway.canonical.process import ProcessStatus, ProcessSummary, StepDetail
from tollway.canonical.timeline import EntryKind, TimelineEntry
from tollway.effects import EffectRecord
from tollway.lineage.written import Written

OUTCOMES = {
    "intended": "is being written",
    "applied": "was written",
    "already_applied": "had been written, as reading back showed",
    "rejected": "was refused",
    "throttled": "was put off",
    "unknown": "may have been written",
    "withdrawn": "was given up before it was written",
}
ENDS = {
    ProcessStatus.FINISHED: "finished",
    ProcessStatus.PARKED: "came to a halt",
    ProcessStatus.CANCELLED: "was cancelled",
}


def of_notice(notice: KeptNotice) -> TimelineEntry:
    """What a platform told."""
    return TimelineEntry(
        at=notice.received_at,
        id=f"notice:{notice.id}",
        kind=EntryKind.NOTICE,
        words=f"{notice.source} told of {notice.type} for {notice.subject}.",
        outcome=notice.status,
        by=notice.source,
        system=notice.kind,
        object_id=notice.subject,
        correlation_id=notice.correlation_id,
        detail=notice.error,
    )


def of_process(process: ProcessSummary, steps: Sequence[StepDetail]) -> Iterator[TimelineEntry]:
    """When a process began, and when and how it ended; the steps know it better than an engine that counts seconds."""
    began = TimelineEntry(
        at=min((step.started_at for step in steps if step.started_at), default=process.created_at),
        id=f"process:{process.process_id}:began",
        kind=EntryKind.PROCESS,
        words=f"The process {process.process} began.",
        outcome=process.status,
        process_id=process.process_id,
    )
    yield began
    if process.ended_at and process.status in ENDS:
        last = max((step.ended_at for step in steps if step.ended_at), default=process.ended_at)
        words = f"The process {process.process} {ENDS[process.status]}."
        changed = {"at": max(last, process.ended_at), "id": f"process:{process.process_id}:ended", "words": words}
        yield msgspec.structs.replace(began, **changed)


def of_step(process_id: str, step: StepDetail) -> Iterator[TimelineEntry]:
    """A step that a process took; the engine's own marks have no time, and are none."""
    at = step.ended_at or step.started_at
    if at is None:
        return
    failed = bool(step.error)
    yield TimelineEntry(
        at=at,
        id=f"step:{process_id}:{step.number}",
        kind=EntryKind.STEP,
        words=f"The step {step.name} {'failed' if failed else 'was taken'}{_lasting(step)}.",
        outcome="failed" if failed else "done",
        process_id=process_id,
    )


def of_effect(effect: EffectRecord, written: Written | None) -> TimelineEntry:
    """What was to be written to a platform, and what became of it."""
    known = written or Written(effect.identity, "", "", "", "", "", effect.process_id, effect.correlation_id)
    what = f"The {known.object_type.replace('_', ' ')} {known.object_id}" if written else effect.identity
    where = f" to the {known.system.upper()}" if known.system else ""
    named = ", ".join(
        filter(None, (known.number and f"number {known.number}", known.platform_id and "id " + known.platform_id))
    )
    return TimelineEntry(
        at=effect.settled_at or effect.intended_at,
        id=f"effect:{effect.identity}",
        kind=EntryKind.EFFECT,
        words=f"{what} {OUTCOMES[effect.outcome]}{where}{f' ({named})' if named else ''}.",
        outcome=effect.outcome,
        system=known.system,
        platform_id=known.platform_id,
        object_type=known.object_type,
        object_id=known.object_id,
        process_id=effect.process_id,
        correlation_id=effect.correlation_id,
        detail=effect.reason or "",
    )


def of_case(case: Case, events: list[CaseEvent]) -> Iterator[TimelineEntry]:
    """What came to a halt, and everything that was done about it."""
    for place, event in enumerate(events):
        said = f" {case.summary}" if event.did == "opened" else ""
        yield TimelineEntry(
            at=event.at,
            id=f"case:{case.id}:{place:04}",
            kind=EntryKind.CASE,
            words=f"Case {case.id} on the desk of {case.owner_role.replace('_', ' ')}: {event.did}.{said}",
            outcome=case.status,
            by=event.by,
            object_id=case.subject,
            process_id=case.process_id,
            case_id=case.id,
            correlation_id=case.correlation_id,
            detail=event.detail,
        )


def of_record(record: KeptRecord) -> Iterator[TimelineEntry]:
    """A call or a deed of the audit; effects and cases tell of theirs themselves."""
    if record.kind is Kind.DEED and record.operation.startswith(("case.", "effect.")):
        return
    call = record.kind is Kind.CALL
    who = record.subject or record.client or "somebody"
    words = (
        f"{who} called {record.operation or record.method + ' ' + record.path}"
        if call
        else f"{who}: {record.operation}"
    )
    yield TimelineEntry(
        at=record.at,
        id=f"{record.kind}:{record.id}",
        kind=EntryKind(record.kind),
        words=f"{words}, {record.outcome}.",
        outcome=record.outcome,
        by=who,
        object_id=record.about,
        correlation_id=record.correlation_id,
        detail=f"{record.method} {record.path}" if call else record.said,
    )


def of_event(event: BusinessEvent) -> TimelineEntry:
    """What subscribers were told."""
    told: Mapping[str, object] = msgspec.to_builtins(event)
    at = event.time
    return TimelineEntry(
        at=at if at.tzinfo else at.replace(tzinfo=dt.UTC),
        id=f"event:{event.id}",
        kind=EntryKind.EVENT,
        words=f"Subscribers were told {told['type']} of {event.subject}.",
        object_id=event.subject,
        process_id=event.causationid,
        correlation_id=event.correlationid,
    )


def _lasting(step: StepDetail) -> str:
    if not (step.started_at and step.ended_at):
        return ""
    return f" in {(step.ended_at - step.started_at).total_seconds():.2f} s"
