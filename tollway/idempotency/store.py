"""Keys of requests in the database: one request holds a key, its final answer is kept, and repetitions find it.

claimed ──settle──► final     an answer that every repetition gets
   │                freed     nothing happened: the key is as new
   │                undecided it may have happened: the same request may be sent again to complete it
   └─lease over──►  undecided the gateway that held it is gone
"""

import asyncio
import contextvars
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import Dialect, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.idempotency.claims import Claim, Earlier, Held
from tollway.storage.database import Database
from tollway.storage.group_commit import GroupCommit
from tollway.storage.rows import as_rows, given, now
from tollway.storage.tables import idempotency_keys

_RENEWALS = 3
"""How often a lease is renewed in its own length."""
_COLUMNS = idempotency_keys.c
_ALL = list(idempotency_keys.columns)
_EARLIER = select(_COLUMNS.id, _COLUMNS.fingerprint, _COLUMNS.answer, _COLUMNS.expires_at).where(
    _COLUMNS.id.in_(bindparam("ids", expanding=True))
)


class _Row(msgspec.Struct, frozen=True):
    """What a statement is given of one key; the two times are seconds from the database's now."""

    id: str
    fingerprint: str
    holder: str
    held_until: float
    expires_at: float
    answer: str | None = None


class KeyStore:
    """The keys of one database, claimed and settled by many requests at once in shared transactions."""

    def __init__(self, database: Database) -> None:
        self._claims: GroupCommit[Claim, Held | Earlier] = GroupCommit("idempotency claims", database, _claim)
        # Claims and settlements lock rows in the order of their ids, each in transactions of its own: no deadlocks.
        self._settlements: GroupCommit[_Row, None] = GroupCommit("idempotency answers", database, _settle)
        self._held: dict[str, Held] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def claim(self, claim: Claim) -> Held | Earlier:
        """Hold the key until it is settled, or learn what an earlier request left; raises Unavailable."""
        result = await self._claims.submit(claim)
        if isinstance(result, Held):
            self._held[claim.holder] = result
            if self._renewing is None:
                renewing = asyncio.get_running_loop().create_task(self._renew(), context=contextvars.Context())
                self._renewing = renewing
        return result

    def keep(self, held: Held, answer: str) -> asyncio.Future[None]:
        """Keep the final answer for every repetition."""
        return self._settled(held, held.expires_at, answer)

    def free(self, held: Held) -> asyncio.Future[None]:
        """Forget the key: nothing happened."""
        return self._settled(held, 0.0, None)

    def leave_undecided(self, held: Held) -> asyncio.Future[None]:
        """Let a repetition of the same request complete it: it may have happened."""
        return self._settled(held, held.expires_at, None)

    def _settled(self, held: Held, expires_at: float, answer: str | None) -> asyncio.Future[None]:
        self._held.pop(held.claim.holder, None)
        return self._settlements.submit(_row(held.claim, 0.0, expires_at, answer))

    async def _renew(self) -> None:
        """Renew the leases of what takes long, while anything is held."""
        while self._held:
            before = set(self._held)
            await asyncio.sleep(min(held.claim.lease for held in self._held.values()) / _RENEWALS)
            for held in [held for holder, held in self._held.items() if holder in before]:
                self._settlements.submit(_row(held.claim, held.claim.lease, held.expires_at, None))
        self._renewing = None


def _row(claim: Claim, held_for: float, expires_at: float, answer: str | None) -> _Row:
    return _Row(claim.id, claim.fingerprint, claim.holder, held_for, expires_at, answer)


async def _claim(connection: AsyncConnection, claims: Sequence[Claim]) -> Sequence[Held | Earlier]:
    """Claim each key that is new, freed, over, or undecided and asked for by the same request again."""
    first = {claim.id: claim for claim in reversed(claims)}
    rows = [_row(claim, claim.lease, claim.keep_for, None) for _, claim in sorted(first.items())]
    claimed = await connection.execute(_claiming(connection.dialect), as_rows(rows))
    won = {row.holder: row.expires_at for row in claimed}
    lost = {claim.id for claim in claims if claim.holder not in won}
    earlier = {row.id: row for row in await connection.execute(_EARLIER, {"ids": sorted(lost)})} if lost else {}
    return [_result(claim, won.get(claim.holder), earlier.get(claim.id)) for claim in claims]


@lru_cache(maxsize=2)
def _claiming(dialect: Dialect) -> TextClause:
    clock = now(dialect)
    return text(f"""
        INSERT INTO idempotency_keys (id, fingerprint, holder, held_until, expires_at)
        SELECT id, fingerprint, holder, {clock} + held_until, {clock} + expires_at
        FROM ({given(dialect, _ALL)}) AS claims WHERE true
        ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, holder = excluded.holder,
            held_until = excluded.held_until, expires_at = excluded.expires_at, answer = NULL
        WHERE idempotency_keys.held_until <= {clock} AND (
            idempotency_keys.expires_at <= {clock}
            OR idempotency_keys.answer IS NULL AND idempotency_keys.fingerprint = excluded.fingerprint
        )
        RETURNING holder, expires_at
    """)  # noqa: S608 - made of our own words


def _result(claim: Claim, won_until: float | None, earlier: object) -> Held | Earlier:
    if won_until is not None:
        return Held(claim, won_until)
    if earlier is None:  # swept between two statements: it is free by the time of a repetition
        return Earlier(claim.fingerprint, None, 0.0)
    return msgspec.convert(earlier, Earlier, from_attributes=True)


async def _settle(connection: AsyncConnection, rows: Sequence[_Row]) -> Sequence[None]:
    """Settle, or renew, each key that its holder still holds."""
    left = list(rows)
    while left:  # a statement may touch a row once
        first = {row.id: row for row in reversed(left)}
        await connection.execute(_settling(connection.dialect), as_rows([row for _, row in sorted(first.items())]))
        left = [row for row in left if first[row.id] is not row]
    return [None] * len(rows)


@lru_cache(maxsize=2)
def _settling(dialect: Dialect) -> TextClause:
    return text(f"""
        INSERT INTO idempotency_keys (id, fingerprint, holder, held_until, expires_at, answer)
        SELECT id, fingerprint, holder, {now(dialect)} + held_until, expires_at, answer
        FROM ({given(dialect, _ALL)}) AS settled WHERE true
        ON CONFLICT (id) DO UPDATE
        SET held_until = excluded.held_until, expires_at = excluded.expires_at, answer = excluded.answer
        WHERE idempotency_keys.holder = excluded.holder
    """)  # noqa: S608 - made of our own words
