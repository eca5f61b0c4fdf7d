"""Restores of a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restores",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column(
            "backed_up_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="up to when the records that were restored tell everything",
        ),
        sa.Column("restored_at", sa.Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
        sa.Column(
            "reconciled_at",
            sa.DateTime(timezone=True),
            comment="none while something of the time between may not be in the records",
        ),
    )


def downgrade() -> None:
    op.drop_table("restores")
