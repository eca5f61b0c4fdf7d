"""The story of a deal: everything that was noted about it anywhere, on one timeline."""

import enum

from tollway.canonical.record import FreeText, LongText, Many, Record, Text, Timestamp, Words


class EntryKind(enum.StrEnum):
    """What kind of thing happened."""

    CALL = "call"
    """Somebody called the gateway to change something."""
    NOTICE = "notice"
    """A platform told us something, or was found changed."""
    PROCESS = "process"
    STEP = "step"
    EFFECT = "effect"
    """Something was written to a platform, or should have been."""
    CASE = "case"
    """What came to a halt, and what people did about it."""
    DEED = "deed"
    """What else a person or process did inside."""
    EVENT = "event"
    """What subscribers were told."""


class TimelineEntry(Record):
    """One thing that happened."""

    at: Timestamp
    id: Text
    """What it goes by on the timeline."""
    kind: EntryKind
    words: Words
    outcome: FreeText = ""
    """How it ended, or where it stands."""
    by: FreeText = ""
    """The person, client or source."""
    system: FreeText = ""
    """The domain whose platform was written to, or whoever sent a notice."""
    platform_id: FreeText = ""
    """The id that the platform gave to what was written."""
    object_type: FreeText = ""
    object_id: FreeText = ""
    """What it was done to; with the type, where its lineage is found."""
    process_id: FreeText = ""
    case_id: FreeText = ""
    correlation_id: FreeText = ""
    detail: LongText = ""


class Timeline(Record):
    """A page of what happened, the earliest first."""

    deal_id: FreeText = ""
    project_number: FreeText = ""
    items: Many[TimelineEntry]
    cursor: FreeText = ""
    """Where the next page begins; empty on the last."""
