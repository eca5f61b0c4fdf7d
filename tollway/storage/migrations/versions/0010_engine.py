"""Workers and what they leave."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column(
            "id", sa.String(200), primary_key=True, comment="unique to one start of one operating-system process"
        ),
        sa.Column("version", sa.String(40), nullable=False, comment="of the processes' shape that it works"),
        sa.Column("since", sa.Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
        sa.Column("until", sa.Float(53), nullable=False, comment="seconds since 1970 by the database's clock"),
    )


def downgrade() -> None:
    op.drop_table("workers")
