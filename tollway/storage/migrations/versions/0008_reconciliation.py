"""Runs of reconciliation, what they read, and where systems disagree."""

import sqlalchemy as sa
from alembic import op

from tollway.storage.tables import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _runs()
    _findings()


def _runs() -> None:
    op.create_table(
        "reconciliation_runs",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("span", sa.JSON, nullable=False, comment="the first and the last day"),
        sa.Column("kinds", sa.JSON, nullable=False, comment="the kinds of drift that are looked for"),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("compared_at", sa.Float(53), comment="seconds since 1970 by the database's clock"),
        sa.Column("finished_at", Moment),
    )
    op.create_index("reconciliation_runs_by_start", "reconciliation_runs", ["started_at"])
    op.create_table(
        "reconciliation_sources",
        sa.Column("run_id", sa.String(60), primary_key=True),
        sa.Column(
            "source", sa.String(120), primary_key=True, comment="what is gone through, such as `erp-invoices:NWC-US`"
        ),
        sa.Column("place", sa.Text, nullable=False, comment="where its next page begins"),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
    )
    op.create_table(
        "reconciliation_rows",
        sa.Column("run_id", sa.String(60), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True, comment="the project or customer that the row is about"),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )


def _findings() -> None:
    op.create_table(
        "reconciliation_findings",
        sa.Column("run_id", sa.String(60), primary_key=True),
        sa.Column("drift_id", sa.String(200), primary_key=True),
        sa.Column("subject", sa.String(200), nullable=False, comment="the project or customer that it is about"),
        sa.Column("found", sa.Text, nullable=False, comment="what each system says, as JSON"),
        sa.Column("state", sa.String(20), nullable=False, comment="suspected, confirmed, gone, or left to its process"),
        sa.Column("handling", sa.String(20), nullable=False),
    )
    op.create_index("reconciliation_findings_by_state", "reconciliation_findings", ["run_id", "state"])
    op.create_table(
        "drifts",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False, comment="the project or customer that it is about"),
        sa.Column("found", sa.Text, nullable=False, comment="what each system says, as JSON"),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("handling", sa.String(20), nullable=False),
        sa.Column("repairs", sa.Integer, nullable=False, comment="how often it was repaired since it was opened"),
        sa.Column("run_id", sa.String(60), nullable=False, comment="the run that found it last"),
        sa.Column("first_found_at", Moment, nullable=False),
        sa.Column("last_found_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
    )
    op.create_index("drifts_by_state", "drifts", ["state", "id"])


def downgrade() -> None:
    for table in ("runs", "sources", "rows", "findings"):
        op.drop_table(f"reconciliation_{table}")
    op.drop_table("drifts")
