"""Effects: what each was to write, who sends it, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("effects", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("wanted", sa.Text(), comment="what was to be written, in canonical terms, as JSON")
        )
        batch_op.add_column(
            sa.Column(
                "holder",
                sa.String(length=32),
                comment="the one attempt that may send and settle it; none while nobody does",
            )
        )
        batch_op.add_column(
            sa.Column("held_until", sa.Float(precision=53), comment="seconds since 1970 by the database's clock")
        )


def downgrade() -> None:
    with op.batch_alter_table("effects", schema=None) as batch_op:
        for name in ("held_until", "holder", "wanted"):
            batch_op.drop_column(name)
