"""Exception cases: work that waits for a person, what was done to it, and what people decided meanwhile."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text

from tollway.storage.tables.columns import Moment, metadata

_NUMBERED = BigInteger().with_variant(Integer(), "sqlite")

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
    Column("severity", String(20), nullable=False),
    Column("legal_entity", String(40), nullable=False, comment="empty when it is not known"),
    Column("amount", String(40), comment="what the deal is worth"),
    Column("currency", String(3)),
    Column("assignee", String(200), nullable=False, comment="empty when nobody took it"),
    Column("escalated_to", String(60)),
    Column("escalates_at", Moment, comment="when it is escalated next, unless it is closed before"),
    Column("wakes_at", Moment, comment="when it is retried by itself; none waits for a person"),
    Column("hand", String(32), comment="the one action that has the case in hand and may close it"),
)
Index("cases_by_process", cases.c.process_id)
Index("cases_by_status", cases.c.status, cases.c.opened_at)
Index("cases_by_subject", cases.c.subject)
_UNSETTLED = cases.c.status.in_(("open", "retrying"))
Index(
    "cases_unsettled_by_process",
    cases.c.process_id,
    unique=True,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)

case_events = Table(
    "case_events",
    metadata,
    Column("id", _NUMBERED, primary_key=True),
    Column("case_id", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String(200), nullable=False),
    Column("did", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("case_events_by_case", case_events.c.case_id, case_events.c.id)

case_matters = Table(
    "case_matters",
    metadata,
    Column("subject", String(200), primary_key=True, comment="a deal's id or a project's number"),
    Column("legal_entity", String(40), nullable=False),
    Column("amount", String(40)),
    Column("currency", String(3)),
)

case_overlays = Table(
    "case_overlays",
    metadata,
    Column("id", _NUMBERED, primary_key=True),
    Column("case_id", String(40), nullable=False),
    Column("object_id", String(120), nullable=False, comment="the source record's id at its platform"),
    Column("edits", JSON, nullable=False),
    Column("source_digest", String(64), nullable=False, comment="SHA-256 of the source record that was edited"),
    Column("by", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("voided_at", Moment),
    sqlite_autoincrement=True,
)
Index("case_overlays_by_object", case_overlays.c.object_id)

case_skips = Table(
    "case_skips",
    metadata,
    Column("process_id", String(200), primary_key=True),
    Column("step", String(60), primary_key=True),
    Column("case_id", String(40), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Moment, nullable=False),
)

customer_choices = Table(
    "customer_choices",
    metadata,
    Column("legal_entity", String(40), primary_key=True),
    Column("account_id", String(120), primary_key=True),
    Column("customer_id", String(120), nullable=False, comment="the ERP's own id of the customer that survives"),
    Column("case_id", String(40), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Moment, nullable=False),
)
