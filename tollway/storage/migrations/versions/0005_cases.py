"""The desk of cases."""

import sqlalchemy as sa
from alembic import op

from tollway.storage.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSETTLED = sa.text("status IN ('open', 'retrying')")


def upgrade() -> None:
    _cases()
    _done_to_cases()
    _decided_on_cases()


def _cases() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.add_column(sa.Column("severity", sa.String(length=20), nullable=False, server_default="normal"))
        batch.add_column(
            sa.Column(
                "legal_entity",
                sa.String(length=40),
                nullable=False,
                server_default="",
                comment="empty when it is not known",
            )
        )
        batch.add_column(sa.Column("amount", sa.String(length=40), comment="what the deal is worth"))
        batch.add_column(sa.Column("currency", sa.String(length=3)))
        batch.add_column(
            sa.Column(
                "assignee",
                sa.String(length=200),
                nullable=False,
                server_default="",
                comment="empty when nobody took it",
            )
        )
        batch.add_column(sa.Column("escalated_to", sa.String(length=60)))
        batch.add_column(
            sa.Column("wakes_at", Moment(), comment="when it is retried by itself; none waits for a person")
        )
        batch.add_column(
            sa.Column("escalates_at", Moment(), comment="when it is escalated next, unless it is closed before")
        )
        batch.add_column(
            sa.Column("hand", sa.String(length=32), comment="the one action that has the case in hand and may close it")
        )
    op.create_index("cases_by_subject", "cases", ["subject"])
    op.create_index(
        "cases_unsettled_by_process",
        "cases",
        ["process_id"],
        unique=True,
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    )


def _done_to_cases() -> None:
    op.create_table(
        "case_events",
        sa.Column("id", NUMBERED, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("did", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("case_events_by_case", "case_events", ["case_id", "id"])
    op.create_table(
        "case_matters",
        sa.Column("subject", sa.String(length=200), nullable=False, comment="a deal's id or a project's number"),
        sa.Column("legal_entity", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.String(length=40)),
        sa.Column("currency", sa.String(length=3)),
        sa.PrimaryKeyConstraint("subject"),
    )


def _decided_on_cases() -> None:
    op.create_table(
        "case_overlays",
        sa.Column("id", NUMBERED, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=120), nullable=False, comment="the source record's id at its platform"),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column(
            "source_digest",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the source record that was edited",
        ),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("voided_at", Moment()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("case_overlays_by_object", "case_overlays", ["object_id"])
    op.create_table(
        "case_skips",
        sa.Column("process_id", sa.String(length=200), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("process_id", "step"),
    )
    op.create_table(
        "customer_choices",
        sa.Column("legal_entity", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=120), nullable=False),
        sa.Column(
            "customer_id",
            sa.String(length=120),
            nullable=False,
            comment="the ERP's own id of the customer that survives",
        ),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("legal_entity", "account_id"),
    )


def downgrade() -> None:
    for table in ("customer_choices", "case_skips", "case_overlays", "case_matters", "case_events"):
        op.drop_table(table)
    op.drop_index("cases_unsettled_by_process", "cases")
    op.drop_index("cases_by_subject", "cases")
    with op.batch_alter_table("cases") as batch:
        for column in ("hand", "wakes_at", "escalates_at", "escalated_to", "assignee", "currency", "amount"):
            batch.drop_column(column)
        for column in ("legal_entity", "severity"):
            batch.drop_column(column)
