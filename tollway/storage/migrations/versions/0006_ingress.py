"""Notices in order: what was in the inbox has been taken."""

import sqlalchemy as sa
from alembic import op

from tollway.storage.tables import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNSETTLED = sa.text("status IN ('waiting', 'parked')")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="in the order of arrival",
        ),
        sa.Column("source", sa.String(length=255), nullable=False, comment="who told it; `event_id` is its own"),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=40),
            nullable=False,
            comment="the kind of source, by which its handlers are chosen",
        ),
        sa.Column("type", sa.String(length=120), nullable=False),
        sa.Column(
            "subject",
            sa.String(length=120),
            nullable=False,
            comment="the business object; its notices are taken in order",
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("happened_at", Moment(), nullable=False, comment="by the source's word, or when it arrived"),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("correlation_id", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="that failed"),
        sa.Column("error", sa.Text(), nullable=False, comment="why the last attempt failed"),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "event_id", name="notices_by_event"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "notices_unsettled",
        "notices",
        ["kind", "subject", "happened_at", "id"],
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    )
    op.create_index("notices_by_status", "notices", ["status", "id"])
    op.create_table(
        "notice_lanes",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("arrivals", sa.BigInteger(), nullable=False, comment="notices that arrived since the lane began"),
        sa.Column(
            "next_at", sa.Float(precision=53), nullable=False, comment="seconds since 1970 by the database's clock"
        ),
        sa.Column(
            "held_until", sa.Float(precision=53), nullable=False, comment="seconds since 1970 by the database's clock"
        ),
        sa.Column("holder", sa.String(length=40), nullable=False, comment="the worker that takes the lane's notices"),
        sa.PrimaryKeyConstraint("kind", "subject"),
    )
    op.create_index("notice_lanes_by_turn", "notice_lanes", ["next_at"])
    op.execute("""
        INSERT INTO notices (source, event_id, kind, type, subject, body, happened_at, received_at, correlation_id,
            status, attempts, error, settled_at)
        SELECT source, event_id, 'inbox', 'inbox', substr(subject, 1, 120), body, received_at, received_at, '',
            'done', 0, '', received_at
        FROM inbox ORDER BY received_at
    """)
    op.drop_table("inbox")


def downgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id"),
    )
    op.execute("""
        INSERT INTO inbox (source, event_id, subject, body, received_at)
        SELECT source, substr(event_id, 1, 200), subject, body, received_at FROM notices
    """)
    op.drop_table("notice_lanes")
    op.drop_table("notices")
