"""Every write to a platform is in the audit, in the transaction that says that it happened."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.record import Deed
from tollway.audit.trail import keep
from tollway.audit.vouched import APPLIED, LINEAGE
from tollway.effects import EffectRecord

WriteLineage = Callable[[AsyncConnection, EffectRecord], Awaitable[str]]
"""Writes down where every field came from; answers the digest of what it wrote."""


class EffectAudit:
    """An observer of effects, and of their lineage, for which the audit vouches."""

    def __init__(self, write_lineage: WriteLineage) -> None:
        self._write_lineage = write_lineage

    async def __call__(self, connection: AsyncConnection, record: EffectRecord) -> None:
        written = await self._write_lineage(connection, record)
        details = {"outcome": record.outcome.value, "digest": record.digest, LINEAGE: written}
        keep(connection, Deed(action=APPLIED, about=record.identity, by=record.process_id, details=details))
