"""Where every field that was written to a platform came from."""

from sqlalchemy import Column, Index, String, Table, Text

from tollway.storage.tables.columns import Moment, metadata

lineage = Table(
    "lineage",
    metadata,
    Column("effect", String(200), primary_key=True, comment="the identity of the effect that wrote it"),
    Column("object_type", String(40), nullable=False),
    Column("object_id", String(200), nullable=False, comment="the object's canonical identity"),
    Column("system", String(40), nullable=False, comment="the domain whose platform holds the object"),
    Column("platform_id", String(200), nullable=False, comment="the platform's own id; empty where it told none"),
    Column("number", String(200), nullable=False, comment="the number that people quote; empty where there is none"),
    Column("deal_id", String(120), nullable=False, comment="empty where the object belongs to no deal"),
    Column("process_id", String(200), nullable=False),
    Column("step", String(120), nullable=False),
    Column("mapping", String(200), nullable=False, comment="the function that made what was written"),
    Column("correlation_id", String(100), nullable=False),
    Column("written_at", Moment, primary_key=True, comment="an effect that is changed later writes again"),
    Column("fields", Text, nullable=False, comment="every field with its value and origins, as JSON"),
)
Index("lineage_by_object", lineage.c.object_type, lineage.c.object_id)
Index("lineage_by_platform_id", lineage.c.object_type, lineage.c.platform_id)
Index("lineage_by_number", lineage.c.object_type, lineage.c.number)
Index("lineage_by_deal", lineage.c.deal_id)
