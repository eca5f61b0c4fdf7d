"""Every set of routes that a gateway takes into use is in the audit."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.storage import Database


def routes_audited(database: Database) -> Callable[[Path], Awaitable[None]]:
    """What to call with the file of routes that is in use now; raises Unavailable."""
    trail = AuditTrail(database)

    async def keep(file: Path) -> None:
        content = await asyncio.to_thread(file.read_bytes)
        details = {"sha256": hashlib.sha256(content).hexdigest()}
        await trail.record(Deed(action="routes.reloaded", about=file.name, by="gateway", details=details))

    return keep
