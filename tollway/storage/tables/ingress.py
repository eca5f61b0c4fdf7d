"""What platforms told us, and how far we have asked them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tollway.storage.tables.columns import Moment, metadata

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("moment", Moment, nullable=False),
    Column("after", String(120), nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, comment="in the order of arrival"),
    Column("source", String(255), nullable=False, comment="who told it; `event_id` is its own"),
    Column("event_id", String(255), nullable=False),
    Column("kind", String(40), nullable=False, comment="the kind of source, by which its handlers are chosen"),
    Column("type", String(120), nullable=False),
    Column("subject", String(120), nullable=False, comment="the business object; its notices are taken in order"),
    Column("body", Text, nullable=False),
    Column("happened_at", Moment, nullable=False, comment="by the source's word, or when it arrived"),
    Column("received_at", Moment, nullable=False),
    Column("correlation_id", String(100), nullable=False),
    Column("status", String(20), nullable=False),
    Column("attempts", Integer, nullable=False, comment="that failed"),
    Column("error", Text, nullable=False, comment="why the last attempt failed"),
    Column("settled_at", Moment),
    UniqueConstraint("source", "event_id", name="notices_by_event"),
    sqlite_autoincrement=True,
)
_UNSETTLED = text("status IN ('waiting', 'parked')")
Index(
    "notices_unsettled",
    notices.c.kind,
    notices.c.subject,
    notices.c.happened_at,
    notices.c.id,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)
Index("notices_by_status", notices.c.status, notices.c.id)

notice_lanes = Table(
    "notice_lanes",
    metadata,
    Column("kind", String(40), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("arrivals", BigInteger, nullable=False, comment="notices that arrived since the lane began"),
    Column("next_at", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("held_until", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("holder", String(40), nullable=False, comment="the worker that takes the lane's notices"),
    PrimaryKeyConstraint("kind", "subject"),
)
Index("notice_lanes_by_turn", notice_lanes.c.next_at)
