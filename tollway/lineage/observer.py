"""Writes down where every field came from, in the transaction that settles the effect which wrote it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.vouched import lineage_digest
from tollway.effects import EffectRecord
from tollway.lineage.corrections import corrected, corrections_of
from tollway.lineage.declared import Mapping
from tollway.lineage.resolving import Before, Scope, written_fields
from tollway.lineage.taking import taken
from tollway.lineage.written import last_written
from tollway.storage.database import insert_new
from tollway.storage.tables import lineage


class LineageWriter:
    """Is told of every effect that is applied."""

    def __init__(self, mappings: Sequence[Mapping]) -> None:
        """`mappings`: what every kind of effect writes; a kind that none is for is kept without origins."""
        self._mappings: dict[str, list[Mapping]] = defaultdict(list)
        for mapping in mappings:
            self._mappings[mapping.effect].append(mapping)

    async def write(self, connection: AsyncConnection, record: EffectRecord) -> str:
        """Write down where the fields that an effect wrote came from; answers the digest of what is written."""
        kind, _, rest = record.identity.partition(":")
        wanted, result = _decoded(record.wanted), _decoded(record.result)
        step = taken()
        scope = Scope(step.given, wanted, result)
        mapping = self._mapping(kind, scope)
        fields = written_fields(wanted, mapping.rules, scope, await _before(connection, mapping, scope))
        corrections = await corrections_of(connection, scope.text("deal_id"))
        row = {
            "effect": record.identity,
            "object_type": mapping.object_type,
            "object_id": scope.text(mapping.object_id) or rest,
            "system": mapping.system,
            "platform_id": scope.text("result/id"),
            "number": scope.text(mapping.number),
            "deal_id": scope.text("deal_id"),
            "process_id": record.process_id,
            "step": step.step,
            "mapping": mapping.made_by,
            "correlation_id": record.correlation_id,
            "written_at": record.settled_at,
            "fields": msgspec.json.encode([corrected(field, corrections) for field in fields]).decode(),
        }
        await insert_new(connection, lineage, row)
        return lineage_digest(row)

    def _mapping(self, kind: str, scope: Scope) -> Mapping:
        for mapping in self._mappings[kind]:
            if mapping.when is None or scope.text(mapping.when[0]) == mapping.when[1]:
                return mapping
        return Mapping(effect=kind, object_type=kind, system="", writes=Any, made_by="", rules=())


async def _before(connection: AsyncConnection, mapping: Mapping, scope: Scope) -> Before:
    ways = [source.through for rule in mapping.rules for source in rule.sources if source.through]
    objects = {(way.object_type, scope.text(way.id)) for way in ways}
    return {found: await last_written(connection, *found) for found in objects}


def _decoded(text: str | None) -> Any:
    return msgspec.json.decode(text) if text else None
