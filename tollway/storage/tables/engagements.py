"""The contracts behind projects, and plans that an ERP cannot hold."""

from sqlalchemy import Column, String, Table, Text

from tollway.storage.tables.columns import Moment, metadata

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
