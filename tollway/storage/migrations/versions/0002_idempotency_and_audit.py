"""The answers that are replayed for an Idempotency-Key, and the audit of unsafe calls, which takes no change."""

import sqlalchemy as sa
from alembic import op

from tollway.storage.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFUSAL = "the audit is append-only"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Moment(), nullable=False, comment="when the request arrived"),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column(
            "operation", sa.Text(), nullable=False, comment="the contract's operationId; empty where it has none"
        ),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column(
            "body_sha256",
            sa.String(length=64),
            nullable=False,
            comment="of the request's body; empty where nobody read it",
        ),
        sa.Column("duration_ms", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("audit_by_moment", ["at"], unique=False)
    refuse_changes()

    seconds = "seconds since 1970 by the database's clock"
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.String(length=64), nullable=False, comment="SHA-256 of the caller and its key"),
        sa.Column("fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of the request"),
        sa.Column("holder", sa.String(length=32), nullable=False, comment="the one request that may settle the key"),
        sa.Column("held_until", sa.Float(precision=53), nullable=False, comment=seconds),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False, comment=seconds),
        sa.Column(
            "answer",
            sa.Text(),
            nullable=True,
            comment="the final answer, as JSON; without one the request is under way or was given up",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index("idempotency_keys_by_expiry", ["expires_at"], unique=False)


def refuse_changes() -> None:
    """Have the database itself refuse to change or to delete what the audit says."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_refuses_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("audit")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_audit_change()")
