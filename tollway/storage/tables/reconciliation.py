"""Runs of reconciliation, what they read, and where systems disagree."""

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, String, Table, Text

from tollway.storage.tables.columns import Moment, metadata

reconciliation_runs = Table(
    "reconciliation_runs",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("span", JSON, nullable=False, comment="the first and the last day"),
    Column("kinds", JSON, nullable=False, comment="the kinds of drift that are looked for"),
    Column("dry_run", Boolean, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("compared_at", Float(53), comment="seconds since 1970 by the database's clock"),
    Column("finished_at", Moment),
)
Index("reconciliation_runs_by_start", reconciliation_runs.c.started_at)

reconciliation_sources = Table(
    "reconciliation_sources",
    metadata,
    Column("run_id", String(60), primary_key=True),
    Column("source", String(120), primary_key=True, comment="what is gone through, such as `erp-invoices:NWC-US`"),
    Column("place", Text, nullable=False, comment="where its next page begins"),
    Column("rows", Integer, nullable=False),
    Column("done", Boolean, nullable=False),
)

reconciliation_rows = Table(
    "reconciliation_rows",
    metadata,
    Column("run_id", String(60), primary_key=True),
    Column("subject", String(200), primary_key=True, comment="the project or customer that the row is about"),
    Column("kind", String(20), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("body", Text, nullable=False),
)

reconciliation_findings = Table(
    "reconciliation_findings",
    metadata,
    Column("run_id", String(60), primary_key=True),
    Column("drift_id", String(200), primary_key=True),
    Column("subject", String(200), nullable=False, comment="the project or customer that it is about"),
    Column("found", Text, nullable=False, comment="what each system says, as JSON"),
    Column("state", String(20), nullable=False, comment="suspected, confirmed, gone, or left to its process"),
    Column("handling", String(20), nullable=False),
)
Index("reconciliation_findings_by_state", reconciliation_findings.c.run_id, reconciliation_findings.c.state)

drifts = Table(
    "drifts",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("subject", String(200), nullable=False, comment="the project or customer that it is about"),
    Column("found", Text, nullable=False, comment="what each system says, as JSON"),
    Column("state", String(20), nullable=False),
    Column("handling", String(20), nullable=False),
    Column("repairs", Integer, nullable=False, comment="how often it was repaired since it was opened"),
    Column("run_id", String(60), nullable=False, comment="the run that found it last"),
    Column("first_found_at", Moment, nullable=False),
    Column("last_found_at", Moment, nullable=False),
    Column("closed_at", Moment),
)
Index("drifts_by_state", drifts.c.state, drifts.c.id)
