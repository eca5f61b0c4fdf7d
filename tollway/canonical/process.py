"""How far a durable process got."""

import enum

from tollway.canonical.record import Record


class ProcessStatus(enum.StrEnum):
    """Where a process is."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    PARKED = "parked"
    CANCELLED = "cancelled"


class StepRecord(Record):
    """A step that a process took."""

    number: int
    name: str
    error: str = ""
    milliseconds: int


class ProcessState(Record):
    """A process and the steps it took so far."""

    process_id: str
    process: str
    status: ProcessStatus
    steps: list[StepRecord]
