"""Requests whose repetition must change nothing, where nothing else says that they were carried out."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requests_carried_out",
        sa.Column("id", sa.String(64), primary_key=True, comment="SHA-256 of the request's key and what it did"),
        sa.Column("at", sa.Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    )
    op.create_index("requests_carried_out_by_age", "requests_carried_out", ["at"])


def downgrade() -> None:
    op.drop_index("requests_carried_out_by_age", "requests_carried_out")
    op.drop_table("requests_carried_out")
