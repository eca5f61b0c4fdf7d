"""What one of several workers holds for a while."""

from sqlalchemy import Column, Float, String, Table

from tollway.storage.tables.columns import metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("holder", String(120), nullable=False),
    Column("until", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
)
