"""Notices: what a platform says has happened, kept until it is taken."""

import enum
from typing import Annotated

import msgspec

from tollway.canonical.record import (
    Code,
    Count,
    FreeText,
    Identifier,
    LongText,
    Record,
    Text,
    Timestamp,
)


class NoticeStatus(enum.StrEnum):
    """Where a notice is."""

    WAITING = "waiting"
    PARKED = "parked"
    """It failed too often: a case is open, and it is tried again now and then. Later ones of its subject wait."""
    DONE = "done"
    UNHANDLED = "unhandled"
    """Kept, but nothing here acts on it."""
    SKIPPED = "skipped"
    """Given up by a person."""


class Notice(Record):
    """Something that a source says has happened; source and event id together tell it from all others."""

    source: Text
    """Who says so: a platform's account, a webhook's name or a poller."""
    event_id: Text
    """The id the source gives to it; the same notice again has the same id."""
    kind: Code
    """The kind of source, by which what is done about it is chosen."""
    type: Identifier
    """What happened, in the source's words."""
    subject: Identifier
    """The business object that it happened to."""
    body: LongText
    """What the source sent, as JSON."""
    occurred_at: Timestamp | None = None
    """When it happened, if the source says."""


class NoticeDelivery(Record):
    """Notices that one call brought; all of them are kept, or none."""

    notices: Annotated[list[Notice], msgspec.Meta(max_length=1000)]


class NoticeReceipt(Record):
    """How many notices were kept, and how many of them were not known before."""

    notices: Count
    new: Count


class KeptNotice(Record):
    """A notice as it was kept, and what became of it."""

    id: Identifier
    source: Text
    event_id: Text
    kind: Code
    type: Identifier
    subject: Identifier
    status: NoticeStatus
    attempts: Count
    """How often it failed."""
    happened_at: Timestamp
    """By the source's word, or else when it arrived."""
    received_at: Timestamp
    error: FreeText = ""
    """Why it failed the last time."""
    correlation_id: FreeText = ""
    settled_at: Timestamp | None = None
