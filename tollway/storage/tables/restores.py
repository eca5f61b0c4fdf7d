"""Restores of a backup, until a reconciliation has caught up with what happened after it."""

from sqlalchemy import Column, Float, String, Table

from tollway.storage.tables.columns import Moment, metadata

restores = Table(
    "restores",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("backed_up_at", Moment, nullable=False, comment="up to when the records that were restored tell everything"),
    Column("restored_at", Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("reconciled_at", Moment, comment="none while something of the time between may not be in the records"),
)
