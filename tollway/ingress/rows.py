"""Notices as the database keeps them."""

import datetime as dt

import msgspec
from sqlalchemy import Row

from tollway import context
from tollway.canonical.notice import KeptNotice, Notice, NoticeStatus
from tollway.problems import Invalid

UNSETTLED = (NoticeStatus.WAITING, NoticeStatus.PARKED)


class NewNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to be stored, field by field as its columns; moments as both databases read them."""

    source: str
    event_id: str
    kind: str
    type: str
    subject: str
    body: str
    happened_at: str
    received_at: str
    correlation_id: str
    status: NoticeStatus = NoticeStatus.WAITING
    attempts: int = 0
    error: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.source, self.event_id


def new_notice(notice: Notice) -> NewNotice:
    """The row of a notice that has just arrived; raises Invalid for text that PostgreSQL cannot hold."""
    now = written(dt.datetime.now(dt.UTC))
    if "\x00" in notice.source + notice.event_id + notice.body:
        raise Invalid("A notice holds no character of code 0.")
    return NewNotice(
        source=notice.source,
        event_id=notice.event_id,
        kind=notice.kind,
        type=notice.type,
        subject=notice.subject,
        body=notice.body,
        happened_at=written(notice.occurred_at) if notice.occurred_at else now,
        received_at=now,
        correlation_id=context.current().correlation_id,
    )


def written(moment: dt.datetime) -> str:
    """A moment as both databases read it from a parameter."""
    return moment.astimezone(dt.UTC).isoformat(" ", "microseconds")


def notice_of(row: Row[tuple[object, ...]]) -> Notice:
    """A notice as it was given to be stored."""
    return Notice(
        source=row.source,
        event_id=row.event_id,
        kind=row.kind,
        type=row.type,
        subject=row.subject,
        body=row.body,
        occurred_at=row.happened_at,
    )


def kept(row: Row[tuple[object, ...]]) -> KeptNotice:
    """A notice with what became of it."""
    return KeptNotice(
        id=str(row.id),
        source=row.source,
        event_id=row.event_id,
        kind=row.kind,
        type=row.type,
        subject=row.subject,
        status=NoticeStatus(row.status),
        attempts=row.attempts,
        happened_at=row.happened_at,
        received_at=row.received_at,
        error=row.error,
        correlation_id=row.correlation_id,
        settled_at=row.settled_at,
    )
