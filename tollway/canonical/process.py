"""How far a durable process got."""

import enum

from tollway.canonical.record import Count, FreeText, LongText, Many, Record


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
