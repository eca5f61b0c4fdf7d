"""A quota that all workers count together in Redis."""

import secrets
from collections.abc import Iterator
from itertools import count
from typing import Any

from tollway.limits.connection import SharedRates
from tollway.quota.book import PROBE_SECONDS, Exchange, Gate, Note, Standing
from tollway.quota.scripts import EXCHANGE, KEYS, NONE
from tollway.quota.settings import QuotaSettings

PREFIX = "tollway:quota"
"""Begins every key."""
LEASE_SECONDS = 15.0
"""How long the calls of a worker count as under way after it was last heard of."""
STALE_SECONDS = 2.0
"""How long a ticket keeps its place after it was last asked for."""
REMEMBERED_SECONDS = 600.0
"""How long a worker counts among those that share the account."""


class SharedBook:
    """One worker's view of one connection."""

    def __init__(self, connection: str, settings: QuotaSettings, shared: SharedRates) -> None:
        self._shared = shared
        self._keys = [f"{PREFIX}:{{{connection}}}:{key}" for key in KEYS]
        self._worker = secrets.token_hex(8)
        self._turns = count(1)
        self._settings = _settings(settings)

    async def exchange(self, asked: Exchange) -> Standing:
        """Take note and grant, among the calls of all workers; raises Unavailable while Redis is away."""
        answer = await self._shared.run_together(EXCHANGE, self._keys, list(self._arguments(asked)))
        gate, wait, workers, running, concurrency, used, allowed, probe, *granted = answer
        return Standing(
            gate=Gate(gate),
            wait=wait / 1000,
            granted=granted,
            probe=bool(probe),
            workers=workers,
            running=running,
            concurrency=concurrency,
            used=used,
            allowed=allowed,
        )

    def _arguments(self, asked: Exchange) -> Iterator[Any]:
        yield from (self._worker, next(self._turns), asked.running)
        yield from (_ms(LEASE_SECONDS), _ms(STALE_SECONDS), _ms(REMEMBERED_SECONDS))
        yield from self._settings
        yield len(asked.notes)
        for note in asked.notes:
            yield from _note(note)
        yield len(asked.gone)
        yield from asked.gone
        yield len(asked.tickets)
        for ticket in asked.tickets:
            yield from (ticket.id, _ms(ticket.waited), _ms(ticket.handicap))


def _settings(settings: QuotaSettings) -> list[int]:
    windows = settings.windows()
    return [
        settings.concurrency or 0,
        settings.assumed_concurrency or 0,
        settings.daily or 0,
        _ms(settings.daily_pause_seconds),
        settings.failures_in_a_row,
        _ms(settings.open_seconds),
        _ms(settings.longest_open_seconds),
        _ms(PROBE_SECONDS),
        len(windows),
        *(number for amount, seconds in windows for number in (amount, _ms(seconds))),
    ]


def _note(note: Note) -> Iterator[int]:
    heard = note.heard
    yield from (int(note.ended), int(note.probe), _ms(heard.pause or 0), heard.used or 0, heard.allowed or 0)
    yield int(heard.exhausted)
    yield NONE if heard.left is None else heard.left
    yield from (_ms(heard.turns), heard.concurrency or 0)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
