"""Every table of Tollway's own business data; what belongs to a platform is never copied here.

A change here needs a new file in `migrations/versions/`; a test compares the two.
"""

import datetime as dt

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Moment(TypeDecorator[dt.datetime]):
    """A UTC moment; SQLite, which forgets time zones, gets it back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return value if value is None or value.tzinfo else value.replace(tzinfo=dt.UTC)


metadata = MetaData()

effects = Table(
    "effects",
    metadata,
    Column("identity", String(200), primary_key=True),
    Column("key", String(64), nullable=False, comment="the idempotency key, derived from the identity"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of what was to be written"),
    Column("outcome", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("result", Text, comment="the platform's answer in canonical terms, as JSON"),
    Column("reason", Text),
    Column("process_id", String(200), nullable=False),
    Column("correlation_id", String(100), nullable=False),
    Column("intended_at", Moment, nullable=False),
    Column("settled_at", Moment),
)
Index("effects_by_process", effects.c.process_id)

cases = Table(
    "cases",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("process", String(60), nullable=False),
    Column("process_id", String(200), nullable=False),
    Column("subject", String(200), nullable=False, comment="the deal or project that is stuck"),
    Column("category", String(60), nullable=False),
    Column("owner_role", String(60), nullable=False),
    Column("status", String(20), nullable=False),
    Column("summary", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("correlation_id", String(100), nullable=False),
    Column("occurrences", Integer, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(200)),
)
Index("cases_by_process", cases.c.process_id)
Index("cases_by_status", cases.c.status, cases.c.opened_at)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("moment", Moment, nullable=False),
    Column("after", String(120), nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", String(120), primary_key=True),
    Column("event_id", String(200), primary_key=True),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
)

engagements = Table(
    "engagements",
    metadata,
    Column("deal_id", String(120), primary_key=True),
    Column("project_number", String(120), nullable=False, unique=True),
    Column("contract", Text, nullable=False, comment="the commercial contract as it was onboarded, as JSON"),
    Column("customer", Text, nullable=False, comment="the ERP customer, as JSON"),
    Column("status", String(20), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("activated_at", Moment),
)

kept_plans = Table(
    "kept_plans",
    metadata,
    Column("project_number", String(120), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("plan", Text, nullable=False, comment="what the legal entity's ERP cannot hold, as JSON"),
)

billing_runs = Table(
    "billing_runs",
    metadata,
    Column("reference", String(120), primary_key=True, comment="the invoice's reference"),
    Column("process_id", String(200), nullable=False, unique=True),
    Column("project_number", String(120), nullable=False),
    Column("legal_entity", String(40), nullable=False),
    Column("invoice", Text, nullable=False, comment="what is invoiced, as JSON, fixed when its items were claimed"),
    Column("started_at", Moment, nullable=False),
)
Index("billing_runs_by_project", billing_runs.c.project_number)

billing_claims = Table(
    "billing_claims",
    metadata,
    Column("item_id", String(200), primary_key=True),
    Column("reference", String(120), nullable=False),
    Column("project_number", String(120), nullable=False),
    Column("amount", String(40), nullable=False),
    Column("claimed_at", Moment, nullable=False),
)
Index("billing_claims_by_reference", billing_claims.c.reference)

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

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("at", Moment, nullable=False, comment="when the request arrived"),
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
    sqlite_autoincrement=True,
)
Index("audit_by_moment", audit.c.at)
