"""What the gateway keeps of requests: answers to be replayed, and the audit."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text, text

from tollway.storage.tables.columns import Moment, metadata

_POSITION = BigInteger().with_variant(Integer(), "sqlite")

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("id", String(64), primary_key=True, comment="SHA-256 of the caller and its key"),
    Column("fingerprint", String(64), nullable=False, comment="SHA-256 of the request"),
    Column("holder", String(32), nullable=False, comment="the one request that may settle the key"),
    Column("held_until", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("expires_at", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("answer", Text, comment="the final answer, as JSON; without one the request is under way or was given up"),
)
Index("idempotency_keys_by_expiry", idempotency_keys.c.expires_at)

requests_carried_out = Table(
    "requests_carried_out",
    metadata,
    Column("id", String(64), primary_key=True, comment="SHA-256 of the request's key and what it did"),
    Column("at", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
)
Index("requests_carried_out_by_age", requests_carried_out.c.at)

audit = Table(
    "audit",
    metadata,
    Column("id", _POSITION, primary_key=True, autoincrement=False, comment="the place in the chain"),
    Column("hash", String(64), nullable=False, comment="SHA-256 of the hash before and of what this record says"),
    Column("at", Moment, nullable=False, comment="when the request arrived"),
    Column("kind", String(10), nullable=False, comment="call or deed"),
    Column("product", Text, nullable=False),
    Column("operation", Text, nullable=False, comment="the contract's operationId; empty where it has none"),
    Column("client", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("token_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_sha256", String(64), nullable=False, comment="of the request's body; empty where nobody read it"),
    Column("duration_ms", Float(53), nullable=False),
    Column("about", Text, nullable=False, comment="the identity of what a deed was done to; empty for a call"),
    Column("said", Text, nullable=False, comment="what else a deed is to be remembered by, as JSON"),
)
Index("audit_by_moment", audit.c.at)
Index("audit_by_correlation", audit.c.correlation_id)
_DEEDS = text("about <> ''")
Index("audit_by_object", audit.c.about, sqlite_where=_DEEDS, postgresql_where=_DEEDS)

audit_head = Table(
    "audit_head",
    metadata,
    Column("chain", String(10), primary_key=True, comment="audit; there is one chain"),
    Column("position", _POSITION, nullable=False, comment="the last record's place"),
    Column("hash", String(64), nullable=False, comment="the last record's hash"),
)
