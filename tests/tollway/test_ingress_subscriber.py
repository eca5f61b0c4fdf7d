"""Subscribers keep what a platform tells by itself, from a position that survives restarts."""

import asyncio
import datetime as dt
from typing import Any

import pytest

from tollway.canonical.case import Category
from tollway.canonical.change_event import ChangeEvent, ChangeEvents
from tollway.canonical.record import Change, Changes, Cursor
from tollway.cases import Cases
from tollway.ingress.changes import keeping, keeping_events
from tollway.ingress.inbox import Inbox
from tollway.ingress.subscriber import Resync, Subscriber
from tollway.problems import Throttled, Unavailable
from tollway.storage import Database
from tollway.storage.cursors import kept_cursor
from tollway.storage.leases import Leases

OVERLAP = dt.timedelta(seconds=60)
BOTH = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


class Platform:
    """Tells of changes in pages, and answers a poller's question about its records."""

    def __init__(self) -> None:
        self.pages: list[ChangeEvents | Exception] = []
        self.positions: list[str] = []
        self.records: list[Change] = []
        self.read_since: list[dt.datetime] = []

    async def tell(self, position: str, _wait: int) -> ChangeEvents:
        """The next page, or nothing after a moment."""
        self.positions.append(position)
        if not self.pages:
            await asyncio.sleep(0.05)
            return ChangeEvents(items=[], position=position)
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page

    async def read(self, cursor: Cursor) -> Changes:
        """The records that changed, one to a page."""
        if not cursor.id:
            self.read_since.append(cursor.moment)
        place = int(cursor.id or "0")
        after = Cursor(moment=cursor.moment, id=str(place + 1))
        return Changes(items=self.records[place : place + 1], cursor=after, more=place + 1 < len(self.records))


def event(name: str, deal: str, at: dt.datetime | None = None) -> ChangeEvent:
    """An event about a deal."""
    return ChangeEvent(id=name, subject=deal, at=at or dt.datetime.now(dt.UTC))


def make(platform: Platform, database: Database, worker: str = "first") -> Subscriber:
    """A subscriber of the platform in a worker of this name."""
    inbox, leases, cases = Inbox(database), Leases(database, worker), Cases(database)
    resync = Resync(platform.read, keeping(inbox, "crm", "deal.won"), OVERLAP)
    keep = keeping_events(inbox, "crm", "deal.won")
    return Subscriber("deals", platform.tell, keep, resync, database, leases, cases)


async def kept(database: Database) -> list[tuple[str, str]]:
    """The notices there are, by source and subject, as they arrived."""
    return [(one.source, one.subject) for one in reversed(await Inbox(database).list())]


@pytest.fixture
def platform() -> Platform:
    """A platform that has nothing to tell."""
    return Platform()


@BOTH
async def test_events_become_notices_once_and_the_position_moves(platform, database):
    """What is told is kept by the platform's own id, and the next question is for what is behind it."""
    told = [event("e1", "D1"), event("e2", "D2")]
    platform.pages = [
        ChangeEvents(items=told, position="p1"),
        ChangeEvents(items=[told[1], event("e3", "D1")], position="p2"),
    ]
    subscriber = make(platform, database)
    assert await subscriber.listen() == 2
    await subscriber.listen()
    await subscriber.listen()
    assert platform.positions == ["", "p1", "p2"]
    assert await kept(database) == [("crm-events", "D1"), ("crm-events", "D2"), ("crm-events", "D1")]


async def test_a_worker_that_died_has_its_page_asked_for_again(platform, database, monkeypatch):
    """Events that were kept without the position having moved are told again, and are no new notices."""
    page = ChangeEvents(items=[event("e1", "D1")], position="p1")
    platform.pages = [page, page]

    async def dies(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("tollway.ingress.subscriber.move_cursor", dies)
        with pytest.raises(asyncio.CancelledError):
            await make(platform, database).listen()
    await make(platform, database, "second").listen()
    assert platform.positions == ["", ""]
    assert await kept(database) == [("crm-events", "D1")]


async def test_what_happened_before_it_began_is_read_from_the_records(platform, database):
    """Where it is told from the present on, every change since the last moment known is kept, page by page."""
    known = dt.datetime.now(dt.UTC) - dt.timedelta(hours=5)
    old = known + dt.timedelta(hours=1)
    platform.records = [Change(id="D8", at=old), Change(id="D9", at=old)]
    platform.pages = [
        ChangeEvents(items=[event("e1", "D1")], position="p1", until=known),
        ChangeEvents(items=[], position="tip.1", begun=True),
    ]
    subscriber = make(platform, database)
    await subscriber.listen()
    await subscriber.listen()
    assert platform.read_since == [known - OVERLAP]
    assert await kept(database) == [("crm-events", "D1"), ("crm-poll", "D8"), ("crm-poll", "D9")]
    assert await Cases(database).list() == []
    cursor = await kept_cursor(database, "deals", dt.datetime.now(dt.UTC))
    assert cursor.id == "tip.1"
    assert cursor.moment > old


@BOTH
async def test_a_gap_opens_one_case_and_is_read_anew(platform, database):
    """A position that the platform forgot opens a case for integration, once though the first attempt to read fails."""
    known = dt.datetime.now(dt.UTC) - dt.timedelta(hours=90)
    gap = ChangeEvents(items=[], position="tip.1", begun=True, missed="Salesforce no longer knows it.")
    platform.pages = [ChangeEvents(items=[], position="p1", until=known), gap, gap]
    platform.records = [Change(id="D1", at=known + dt.timedelta(hours=2))]
    subscriber = make(platform, database)
    await subscriber.listen()

    async def away(_: Cursor) -> Changes:
        raise Unavailable("Away.")

    reading, platform.read = platform.read, away  # type: ignore[method-assign]
    failing = make(platform, database)
    platform.read = reading  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await failing.listen()
    assert (await kept_cursor(database, "deals", dt.datetime.now(dt.UTC))).id == "p1"
    await subscriber.listen()
    (case,) = await Cases(database).list()
    assert (case.category, case.subject, case.occurrences) == (Category.EVENT_GAP, "deals", 2)
    assert "no longer knows" in case.summary
    assert await kept(database) == [("crm-poll", "D1")]
    assert (await kept_cursor(database, "deals", dt.datetime.now(dt.UTC))).id == "tip.1"


@BOTH
async def test_one_worker_listens_and_another_takes_over(platform, database):
    """Of two workers one asks; when it stops, the other goes on behind its position."""
    platform.pages = [ChangeEvents(items=[event("e1", "D1")], position="p1")]
    first, second = make(platform, database, "first"), make(platform, database, "second")
    await first.start()
    await _until(lambda: "p1" in platform.positions)
    await second.turn()
    assert set(platform.positions) == {"", "p1"}
    await first.stop()
    platform.pages = [ChangeEvents(items=[event("e2", "D2")], position="p2")]
    await second.start()
    await _until(lambda: "p2" in platform.positions)
    await second.stop()
    assert await kept(database) == [("crm-events", "D1"), ("crm-events", "D2")]


async def _until(true: Any) -> None:
    for _ in range(200):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


async def test_pauses_grow_with_failures(platform, database, monkeypatch):
    """A platform that is away is asked again after 1, 2, 4 seconds, as late as it says, and at once when it is back."""
    pauses: list[float] = []
    monkeypatch.setattr("tollway.ingress.subscriber.asyncio.sleep", _noting(pauses))
    subscriber = make(platform, database)
    away = Unavailable("Away.", retry_after=2)
    failures = [away, away, away, Throttled("Too much.", retry_after=3600)]
    for failure in failures:
        platform.pages = [failure]
        with pytest.raises((Unavailable, Throttled)):
            await subscriber.turn()
    platform.pages = [ChangeEvents(items=[], position="p1"), Unavailable("Away again.")]
    with pytest.raises(Unavailable):
        await subscriber.turn()
    assert pauses == [2, 2, 4, 900, 1]


def _noting(pauses: list[float]) -> Any:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return sleep
