"""How far a durable process got."""

import enum

from tollway.canonical.record import Count, FreeText, LongText, Many, PageSize, Record, Remark, Timestamp
from tollway.canonical.timeline import TimelineEntry


class ProcessStatus(enum.StrEnum):
    """Where a process is."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    PARKED = "parked"
    CANCELLED = "cancelled"


class StepRecord(Record):
    """A step that a process took."""

    number: Count
    name: FreeText
    error: LongText = ""
    milliseconds: Count


class ProcessState(Record):
    """A process and the steps it took so far."""

    process_id: FreeText
    process: FreeText
    status: ProcessStatus
    steps: Many[StepRecord]
    deal_id: FreeText = ""
    """The deal whose timeline it is part of, where history is asked as well."""
    timeline: Many[TimelineEntry] = []
    """What began it, what it wrote, where it came to a halt, and what people did about that."""


class ProcessSummary(Record):
    """A process in a list."""

    process_id: FreeText
    process: FreeText
    status: ProcessStatus
    created_at: Timestamp
    ended_at: Timestamp | None = None
    """When it came to its end or to a halt."""


class ProcessFilter(Record):
    """Which processes are meant; what is left out means any."""

    status: ProcessStatus | None = None
    process: FreeText = ""
    subject: FreeText = ""
    """A deal's id or a project's number."""
    since: Timestamp | None = None
    """Only those that began then or later."""
    cursor: FreeText = ""
    """That of the page before."""
    limit: PageSize = 100


class ProcessPage(Record):
    """Processes, the latest first."""

    items: Many[ProcessSummary]
    cursor: FreeText = ""
    """Where the next page begins; empty on the last."""


class StepDetail(Record):
    """A step that a process took, with what it answered."""

    number: Count
    name: FreeText
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    output: LongText = ""
    """As JSON, secrets masked; empty when it failed."""
    error: LongText = ""


class ProcessDetail(Record):
    """Everything that is recorded of a process."""

    process_id: FreeText
    process: FreeText
    status: ProcessStatus
    version: FreeText
    """The version of the processes' shape that it runs in."""
    worker: FreeText = ""
    """Who runs it; empty unless somebody does."""
    attempts: Count
    """How often a worker took it up."""
    correlation_id: FreeText = ""
    argument: LongText = ""
    """As JSON, secrets masked."""
    result: LongText = ""
    """As JSON, secrets masked; empty until it has finished."""
    error: LongText = ""
    created_at: Timestamp
    ended_at: Timestamp | None = None
    """When it came to its end or to a halt."""
    steps: Many[StepDetail]


class ProcessReplay(Record):
    """From where a process is to run again."""

    from_step: Count = 1
    """The number of the first step that runs again; what earlier steps answered is kept."""
    reason: Remark = ""


class CancellationOrder(Record):
    """Why a process is given up."""

    reason: Remark = ""
