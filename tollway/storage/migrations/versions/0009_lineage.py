"""The chain of the audit, and where every field came from."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from tollway.audit.chain import START, Head, following, moment
from tollway.storage.tables import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REFUSAL = "the audit is append-only"
PAGE = 1000
DEEDS = sa.text("about <> ''")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADDED = {
    "hash": (sa.String(length=64), "SHA-256 of the hash before and of what this record says"),
    "kind": (sa.String(length=10), "call or deed"),
    "about": (sa.Text(), "the identity of what a deed was done to; empty for a call"),
    "said": (sa.Text(), "what else a deed is to be remembered by, as JSON"),
}
"""New columns: their types, and what they are."""
RECORD = sa.table(
    "audit",
    sa.column("id", sa.BigInteger()),
    sa.column("at", Moment()),
    sa.column("kind", sa.String()),
    *(sa.column(name, sa.Text()) for name in ("product", "operation", "client", "subject", "issuer", "token_id")),
    *(sa.column(name, sa.Text()) for name in ("address", "method", "path")),
    sa.column("status", sa.Integer()),
    *(sa.column(name, sa.Text()) for name in ("outcome", "correlation_id", "idempotency_key", "body_sha256")),
    sa.column("duration_ms", sa.Float(53)),
    *(sa.column(name, sa.Text()) for name in ("about", "said", "hash")),
)


def upgrade() -> None:
    allow_changes()
    for name, (kind, comment) in ADDED.items():
        op.add_column("audit", sa.Column(name, kind, comment=comment))
    op.execute("UPDATE audit SET kind = 'call', about = '', said = ''")
    head = chain_what_is_there()
    number_ourselves()
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.alter_column("id", existing_type=POSITION, existing_nullable=False, comment="the place in the chain")
        for name, (kind, comment) in ADDED.items():
            batch_op.alter_column(name, existing_type=kind, existing_comment=comment, nullable=False)
        batch_op.create_index("audit_by_correlation", ["correlation_id"], unique=False)
        batch_op.create_index("audit_by_object", ["about"], sqlite_where=DEEDS, postgresql_where=DEEDS)
    refuse_changes()
    create_head(head)
    create_lineage()
    op.create_index("events_by_subject", "events", ["subject"])


def allow_changes() -> None:
    """Let the migration, and it alone, add to the records that are there."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_refuses_{change}")
        return
    op.execute("DROP TRIGGER audit_refuses_changes ON audit")


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
        "CREATE TRIGGER audit_refuses_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def chain_what_is_there() -> Head:
    """Chain the records from before the chain in their order; answers the last."""
    head, connection = START, op.get_bind()
    for row in records(connection):
        said = {name: value for name, value in row.items() if name not in ("id", "hash")}
        head = following(head, row["id"], said | {"at": moment(row["at"]), "duration_ms": float(row["duration_ms"])})
        connection.execute(RECORD.update().where(RECORD.c.id == head.position).values(hash=head.hash))
    return head


def records(connection: sa.Connection) -> Iterator[Any]:
    query = sa.select(RECORD).order_by(RECORD.c.id).limit(PAGE)
    page = connection.execute(query).mappings().all()
    while page:
        yield from page
        page = connection.execute(query.where(RECORD.c.id > page[-1]["id"])).mappings().all()


def number_ourselves() -> None:
    """The place in the chain is given by who holds its end, not by a sequence that leaves gaps."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE audit ALTER COLUMN id DROP DEFAULT")
        op.execute("DROP SEQUENCE IF EXISTS audit_id_seq")


def create_head(head: Head) -> None:
    created = op.create_table(
        "audit_head",
        sa.Column("chain", sa.String(length=10), nullable=False, comment="audit; there is one chain"),
        sa.Column("position", POSITION, nullable=False, comment="the last record's place"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="the last record's hash"),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.bulk_insert(created, [{"chain": "audit", "position": head.position, "hash": head.hash}])


def create_lineage() -> None:
    named = "the number that people quote; empty where there is none"
    op.create_table(
        "lineage",
        sa.Column("effect", sa.String(length=200), nullable=False, comment="the identity of the effect that wrote it"),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=False, comment="the object's canonical identity"),
        sa.Column("system", sa.String(length=40), nullable=False, comment="the domain whose platform holds the object"),
        sa.Column(
            "platform_id",
            sa.String(length=200),
            nullable=False,
            comment="the platform's own id; empty where it told none",
        ),
        sa.Column("number", sa.String(length=200), nullable=False, comment=named),
        sa.Column(
            "deal_id", sa.String(length=120), nullable=False, comment="empty where the object belongs to no deal"
        ),
        sa.Column("process_id", sa.String(length=200), nullable=False),
        sa.Column("step", sa.String(length=120), nullable=False),
        sa.Column("mapping", sa.String(length=200), nullable=False, comment="the function that made what was written"),
        sa.Column("correlation_id", sa.String(length=100), nullable=False),
        sa.Column("written_at", Moment(), nullable=False, comment="an effect that is changed later writes again"),
        sa.Column("fields", sa.Text(), nullable=False, comment="every field with its value and origins, as JSON"),
        sa.PrimaryKeyConstraint("effect", "written_at"),
    )
    with op.batch_alter_table("lineage", schema=None) as batch_op:
        batch_op.create_index("lineage_by_object", ["object_type", "object_id"], unique=False)
        batch_op.create_index("lineage_by_platform_id", ["object_type", "platform_id"], unique=False)
        batch_op.create_index("lineage_by_number", ["object_type", "number"], unique=False)
        batch_op.create_index("lineage_by_deal", ["deal_id"], unique=False)


def downgrade() -> None:
    op.drop_index("events_by_subject", "events")
    op.drop_table("lineage")
    op.drop_table("audit_head")
    allow_changes()
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("audit_by_object")
        batch_op.drop_index("audit_by_correlation")
        for name in ADDED:
            batch_op.drop_column(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE audit_id_seq OWNED BY audit.id")
        op.execute("SELECT setval('audit_id_seq', coalesce(max(id), 0) + 1, false) FROM audit")
        op.execute("ALTER TABLE audit ALTER COLUMN id SET DEFAULT nextval('audit_id_seq')")
    refuse_changes()
