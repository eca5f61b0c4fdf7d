"""How often a subscription was put back, by which a reader's place of before is told from one of now."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    replays = sa.Column("replays", sa.Integer, nullable=False, server_default="0", comment="how often it was put back")
    op.add_column("event_subscriptions", replays)


def downgrade() -> None:
    op.drop_column("event_subscriptions", "replays")
