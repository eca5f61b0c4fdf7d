"""Business events in their order, who subscribes to them, and what could not be delivered yet."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text, text

from tollway.storage.tables.columns import Moment, metadata

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, comment="the order of writing"),
    Column("position", BigInteger, unique=True, comment="the order of reading; none until it is numbered"),
    Column("event_id", String(64), nullable=False, unique=True),
    Column("type", String(80), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("body", Text, nullable=False, comment="the event as JSON, but for its sequence"),
    sqlite_autoincrement=True,
)
Index("events_by_moment", events.c.occurred_at)
Index("events_by_subject", events.c.subject)
_UNNUMBERED = text("position IS NULL")
Index("events_unnumbered", events.c.id, sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED)

event_head = Table(
    "event_head",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("position", BigInteger, nullable=False, comment="the last position given; who numbers locks this row"),
)

event_subscriptions = Table(
    "event_subscriptions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(200), nullable=False, comment="the client whose it is"),
    Column("name", String(255), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("url", Text),
    Column("types", JSON, nullable=False, comment="empty for all"),
    Column("status", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("secret", Text, nullable=False, comment="sealed"),
    Column("previous_secret", Text, nullable=False, comment="sealed; empty where there is none"),
    Column("previous_until", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("position", BigInteger, nullable=False),
    Column("rewound", Boolean, nullable=False, comment="whether a replay has yet to begin"),
    Column("replays", Integer, nullable=False, comment="how often it was put back"),
    Column("created_at", Moment, nullable=False),
)
Index("event_subscriptions_by_owner", event_subscriptions.c.owner)

event_deliveries = Table(
    "event_deliveries",
    metadata,
    Column("subscription_id", String(40), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("subject", String(255), nullable=False),
    Column("status", String(20), nullable=False, comment="waiting or dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("reason", Text, nullable=False),
    Column("failed_at", Moment, nullable=False),
)
Index("event_deliveries_by_subject", event_deliveries.c.subscription_id, event_deliveries.c.subject)
