"""Business events and their subscribers."""

import sqlalchemy as sa
from alembic import op

from tollway.storage.tables import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
_CLOCK = "seconds since 1970 by the database's clock"
_UNNUMBERED = sa.text("position IS NULL")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="the order of writing"
        ),
        sa.Column("position", sa.BigInteger(), comment="the order of reading; none until it is numbered"),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("occurred_at", Moment(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the event as JSON, but for its sequence"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("position"),
        sa.UniqueConstraint("event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_moment", "events", ["occurred_at"])
    op.create_index("events_unnumbered", "events", ["id"], sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED)
    head = op.create_table(
        "event_head",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), nullable=False, comment="the last position given; who numbers locks this row"
        ),
        sa.PrimaryKeyConstraint("name"),
    )
    op.bulk_insert(head, [{"name": "log", "position": 0}])
    _subscribers()


def _subscribers() -> None:
    op.create_table(
        "event_subscriptions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False, comment="the client whose it is"),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("types", sa.JSON(), nullable=False, comment="empty for all"),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="sealed"),
        sa.Column("previous_secret", sa.Text(), nullable=False, comment="sealed; empty where there is none"),
        sa.Column("previous_until", sa.Float(precision=53), nullable=False, comment=_CLOCK),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("rewound", sa.Boolean(), nullable=False, comment="whether a replay has yet to begin"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("event_subscriptions_by_owner", "event_subscriptions", ["owner"])
    op.create_table(
        "event_deliveries",
        sa.Column("subscription_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False, comment="waiting or dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float(precision=53), nullable=False, comment=_CLOCK),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "position"),
    )
    op.create_index("event_deliveries_by_subject", "event_deliveries", ["subscription_id", "subject"])


def downgrade() -> None:
    op.drop_table("event_deliveries")
    op.drop_table("event_subscriptions")
    op.drop_table("event_head")
    op.drop_table("events")
