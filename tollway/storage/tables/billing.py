"""Billing runs, and which invoice each billable item is on."""

from sqlalchemy import Column, Index, String, Table, Text

from tollway.storage.tables.columns import Moment, metadata

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
