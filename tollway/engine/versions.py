"""Versions of the processes' shape: which there are, who works them, and whether they have drained."""

import asyncio
from collections import Counter
from pathlib import Path

import msgspec
from dbos._schemas import SCHEMA_PLACEHOLDER
from sqlalchemy import create_engine, func, inspect, select

from tollway.engine.launching import SCHEMA, postgresql, sqlite
from tollway.engine.underneath import FAILED, UNDER_WAY, statuses
from tollway.engine.workers import living
from tollway.storage import Database

VERSION = "1"
"""The version of this release. A change of what steps a process takes, and in which order, needs a new one."""


class VersionCount(msgspec.Struct, frozen=True):
    """What of a version is not finished."""

    version: str
    workers: int
    running: int
    queued: int
    parked: int
    """They hold nothing and run as the version of whoever retries them."""


async def versions(database: Database, folder: Path, url: str) -> list[VersionCount]:
    """Every version that is worked or has something unfinished."""
    there = Counter(worker.version for worker in await living(database))
    counted = await asyncio.to_thread(_counted, folder, url)
    return [
        VersionCount(
            version,
            there[version],
            counted[version, "PENDING"],
            counted[version, "ENQUEUED"],
            sum(counted[version, status] for status in FAILED),
        )
        for version in sorted({*there, *(version for version, _ in counted), VERSION})
    ]


def _counted(folder: Path, url: str) -> Counter[tuple[str, str]]:
    engine = create_engine(postgresql(url)) if url else sqlite(folder)
    schema = SCHEMA if url else None
    try:
        if not inspect(engine).has_table(statuses.name, schema):
            return Counter()  # no worker was ever started
        mapped = engine.execution_options(schema_translate_map={SCHEMA_PLACEHOLDER: schema})
        group = (statuses.c.application_version, statuses.c.status)
        query = select(*group, func.count().label("many")).where(statuses.c.status.in_((*UNDER_WAY, *FAILED)))
        with mapped.connect() as connection:
            rows = connection.execute(query.group_by(*group))
            return Counter({(row.application_version, row.status): row.many for row in rows})
    finally:
        engine.dispose()
