"""Deciding what becomes of a process, one after the other.

Whoever finds that it may run again has it run before another gives it up; once it is given up all find it so.
"""

import asyncio
import hashlib
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tollway.storage import Database
from tollway.storage.leases import Leases

_LEASE = 10.0
"""Seconds; a decision takes a few milliseconds."""
_PAUSE = 0.05


class Turns:
    """Whose turn it is, for each process by itself."""

    def __init__(self, among: Database | None = None, worker: str = "") -> None:
        """`among`: where all workers have their leases, if there are others than this one, which goes by `worker`."""
        self._leases = Leases(among, worker) if among else None
        self._here: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    @asynccontextmanager
    async def of(self, process_id: str) -> AsyncIterator[None]:
        """Wait for one's turn, and have it until the block ends."""
        lock = self._here.setdefault(process_id, asyncio.Lock())
        async with lock:
            if self._leases is None:
                yield
                return
            name = f"decision:{hashlib.sha256(process_id.encode()).hexdigest()}"  # an id may be longer than a name
            while not await self._leases.take(name, _LEASE):  # noqa: ASYNC110 - another worker tells nobody
                await asyncio.sleep(_PAUSE)
            try:
                yield
            finally:
                await self._leases.give_back(name)
