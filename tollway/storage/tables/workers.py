"""Who works durable processes."""

from sqlalchemy import Column, Float, String, Table

from tollway.storage.tables.columns import metadata

workers = Table(
    "workers",
    metadata,
    Column("id", String(200), primary_key=True, comment="unique to one start of one operating-system process"),
    Column("version", String(40), nullable=False, comment="of the processes' shape that it works"),
    Column("since", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("until", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
)
