"""Effects: every write to a platform, recorded before it is sent."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from tollway.storage.tables.columns import Moment, metadata

effects = Table(
    "effects",
    metadata,
    Column("identity", String(200), primary_key=True),
    Column("key", String(64), nullable=False, comment="the idempotency key, derived from the identity"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of what was to be written"),
    Column("wanted", Text, comment="what was to be written, in canonical terms, as JSON"),
    Column("outcome", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("result", Text, comment="the platform's answer in canonical terms, as JSON"),
    Column("reason", Text),
    Column("process_id", String(200), nullable=False),
    Column("correlation_id", String(100), nullable=False),
    Column("intended_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("holder", String(32), comment="the one attempt that may send and settle it; none while nobody does"),
    Column("held_until", Float(53), comment="seconds since 1970 by the database's clock"),
)
Index("effects_by_process", effects.c.process_id)
