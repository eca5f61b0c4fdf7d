"""Group commit: what concurrent requests ask of the database is done in transactions that they share."""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.problems import Unavailable
from tollway.storage.database import Database

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[AsyncConnection, Sequence[Item]], Awaitable[Sequence[Result]]]
"""Does every item in the transaction it is given, and answers the result of each in the same order."""
LARGEST = 256
"""Items of one transaction: what waits for it waits for all of them."""
PATIENCE = 5.0
"""Seconds that a transaction may take; beyond them the database is away."""
PAUSE = 1.0
"""Seconds for which a database that was away is not asked again."""
_WARN_EVERY = 60.0
log = structlog.get_logger()


class GroupCommit(Generic[Item, Result]):
    """Gathers items while a transaction is under way, and does them together in the next."""

    def __init__(self, name: str, database: Database, work: Work[Item, Result], *, patience: float = PATIENCE) -> None:
        """`name` says in the log what could not be done."""
        self._name = name
        self._database = database
        self._work = work
        self._patience = patience
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None
        self._away_until = 0.0
        self._warned = -_WARN_EVERY

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Have the item done; the future is done once its transaction is committed, or raises Unavailable."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_observe)
        self._waiting.append((item, future))
        if self._task is None:
            # A context of its own: this serves every request, not the one that came first.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())
        return future

    async def check(self) -> None:
        """Raise Unavailable while the database is away; it is asked only after it failed."""
        if not self._away_until:
            return
        try:
            self._refuse_while_away()
            async with asyncio.timeout(self._patience):
                state = await self._database.ready()
        except TimeoutError:
            state = "it takes too long"
        if state != "ok":
            self._away(state)
            raise _unavailable()
        self._away_until = 0.0

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            try:
                self._refuse_while_away()
                await self._commit(batch)
            except Unavailable:
                # Whoever waits would meet the same.
                gone, self._waiting = [*batch, *self._waiting], []
                _fail(gone)
            except Exception:
                log.exception("a transaction failed", of=self._name)
                _fail(batch)
        self._task = None

    async def _commit(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            async with asyncio.timeout(self._patience), self._database.transaction() as connection:
                results = await self._work(connection, [item for item, _ in batch])
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if _is_away(error):
                self._away(f"{type(error).__name__} {error}".splitlines()[0])
                raise _unavailable() from error
            if len(batch) == 1:
                log.warning("the database refuses an item", of=self._name, reason=type(error).__name__)
                _fail(batch)
            else:
                for one in batch:  # one item that the database cannot hold spoils no other
                    await self._commit([one])
            return
        self._away_until = 0.0
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    def _refuse_while_away(self) -> None:
        if time.monotonic() < self._away_until:
            raise _unavailable()

    def _away(self, reason: str) -> None:
        now = time.monotonic()
        self._away_until = now + PAUSE
        if now - self._warned >= _WARN_EVERY:
            self._warned = now
            log.warning("the database is away", of=self._name, reason=reason)


def _is_away(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return True


def _unavailable() -> Unavailable:
    return Unavailable("What is needed to take this request cannot be written down now.", retry_after=PAUSE)


def _fail(batch: Sequence[tuple[Any, asyncio.Future[Any]]]) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(_unavailable())


def _observe(future: asyncio.Future[Any]) -> None:
    """Look at how it ended, which nobody else may do for what is submitted without waiting."""
    if not future.cancelled():
        future.exception()
