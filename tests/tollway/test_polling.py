"""Pollers hand on every change, by a cursor that reaches back."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from tollway import polling
from tollway.canonical.case import Category
from tollway.canonical.notice import Notice
from tollway.canonical.record import Change, Changes, Cursor
from tollway.cases import Cases
from tollway.ingress.changes import keeping, taking
from tollway.ingress.inbox import Inbox
from tollway.polling import SETTLED, Poller
from tollway.problems import Unavailable
from tollway.settings import PollingSettings
from tollway.storage import Database
from tollway.storage.leases import Leases
from tollway.storage.tables import cursors

OVERLAP = dt.timedelta(seconds=60)


class Platform:
    """Objects by the moment they changed, read in pages of two in the order of (moment, id)."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.asked: list[Cursor] = []
        self.away = False

    async def read(self, cursor: Cursor) -> Changes:
        """The page after a cursor."""
        self.asked.append(cursor)
        if self.away:
            raise Unavailable("Away.")
        later = sorted(self.changes, key=lambda one: (one.at, one.id))
        later = [one for one in later if (one.at, one.id) > (cursor.moment, cursor.id)]
        page = later[:2]
        after = Cursor(moment=page[-1].at, id=page[-1].id) if page else cursor
        return Changes(items=page, cursor=after, more=len(later) > 2)


class Handler:
    """Remembers what it was handed; fails on the ids it is told to."""

    def __init__(self) -> None:
        self.handed: list[str] = []
        self.failing: set[str] = set()

    async def take(self, change: Change) -> None:
        """Take one change."""
        if change.id in self.failing:
            raise Unavailable("Not now.")
        self.handed.append(change.id)

    def seen(self) -> list[str]:
        """What was handed since the last look."""
        handed, self.handed = self.handed, []
        return handed


def make_poller(platform: Platform, handler: Handler, database: Database, worker: str, **given: Any) -> Poller:
    """A poller of the platform that reaches back a minute, in a worker of this name."""
    settings, leases, cases = PollingSettings(seconds=1, overlap_seconds=60), Leases(database, worker), Cases(database)
    return Poller("test", platform.read, handler.take, database, settings, leases, cases, **given)


@pytest.fixture
def platform() -> Platform:
    """A platform without changes."""
    return Platform()


@pytest.fixture
def handler() -> Handler:
    """A handler that takes everything."""
    return Handler()


@pytest.fixture
def poller(platform, handler, database) -> Poller:
    """A poller of the platform that reaches back a minute."""
    return make_poller(platform, handler, database, "first")


def _change(name: str, seconds: float) -> Change:
    return Change(id=name, at=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds))


async def test_the_first_look_begins_now(poller, platform, handler):
    """What changed long before Tollway was there is a migration's to load."""
    platform.changes = [_change("old", -3600), _change("new", -20)]
    await poller.look()
    assert handler.seen() == ["new"]


async def test_nothing_is_missed_while_the_first_look_waits(poller, platform, handler):
    """What changes between the start of a poller and its first look, which may take its time, is handed on."""
    poller._began -= dt.timedelta(minutes=5)
    platform.changes = [_change("meanwhile", -200)]
    await poller.look()
    assert handler.seen() == ["meanwhile"]


async def test_changes_of_one_moment_are_all_handed_on(poller, platform, handler):
    """Objects that changed at the same moment are told apart by their ids across pages."""
    at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=20)
    platform.changes = [Change(id=name, at=at) for name in "edcba"]
    assert await poller.look() == 5
    assert handler.seen() == ["a", "b", "c", "d", "e"]
    assert [cursor.id for cursor in platform.asked] == ["", "b", "d"]


async def test_what_becomes_visible_late_is_found(poller, platform, handler):
    """A change that appears with an earlier moment than one already seen lies within the overlap."""
    platform.changes = [_change("first", -10)]
    await poller.look()
    platform.changes.append(_change("late", -30))
    await poller.look()
    assert handler.seen() == ["first", "late", "first"]


async def test_a_change_that_is_too_young_waits_for_a_later_look(poller, platform, handler):
    """A change may be one of a save that is not complete yet: it is handed on when it is a little older."""
    young = _change("young", -0.001)
    platform.changes = [young]
    await poller.look()
    assert handler.seen() == []
    platform.changes = [Change(id="young", at=young.at - SETTLED)]
    await poller.look()
    assert handler.seen() == ["young"]


async def test_a_change_is_found_however_far_our_clock_is_behind(poller, platform, handler, monkeypatch):
    """What the platform's clock makes too young is still handed on after later changes have been seen."""
    platform.changes = [_change("five minutes on", 300)]
    await poller.look()
    platform.changes.append(_change("ten minutes on", 600))
    await poller.look()
    assert handler.seen() == []
    monkeypatch.setattr(polling, "SETTLED", dt.timedelta(seconds=-400))  # as if so long had passed
    await poller.look()
    assert handler.seen() == ["five minutes on"]


async def test_a_page_that_fails_is_read_again(poller, platform, handler):
    """The cursor moves only after every change of a page was handed on."""
    platform.changes = [_change("good", -50), _change("bad", -40), _change("last", -30)]
    handler.failing = {"bad"}
    with pytest.raises(Unavailable):
        await poller.look()
    handler.failing = set()
    assert handler.seen() == ["good"]
    await poller.look()
    assert handler.seen() == ["good", "bad", "last"]


async def test_the_cursor_survives_a_restart(poller, platform, handler, database):
    """Another poller of the same name goes on where the first one ended, less the overlap."""
    await poller.look()
    async with database.transaction() as connection:
        await connection.execute(cursors.update().values(moment=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)))
    platform.changes = [_change("one", -20)]
    await poller.look()
    await poller.stop()
    await make_poller(platform, handler, database, "next").look()
    assert platform.asked[-1].moment == platform.changes[0].at - OVERLAP


async def test_of_several_workers_one_polls(poller, platform, handler, database):
    """While one worker polls the others do not ask the platform; when it stops the next goes on from its cursor."""
    other = make_poller(platform, handler, database, "second")
    platform.changes = [_change("one", -10)]
    assert [await poller.look(), await other.look(), await poller.look()] == [1, 0, 1]
    assert len(platform.asked) == 2
    await poller.stop()
    assert (await other.look(), await poller.look()) == (1, 0)
    assert len(platform.asked) == 3


async def test_a_worker_that_lost_its_turn_stops_in_the_middle(platform, handler, database):
    """A look that took longer than its lease, so that another worker polls, moves the cursor no more."""
    slow = make_poller(platform, handler, database, "slow")
    slow._lease = 0.0
    platform.changes = [_change("one", -50), _change("two", -40), _change("three", -30)]

    async def take(change: Change) -> None:
        await handler.take(change)
        await Leases(database, "quick").take("poller:test", 30)

    slow._handle = take
    assert await slow.look() == 0
    assert (handler.seen(), len(platform.asked)) == (["one"], 1)


@pytest.mark.parametrize("hours", [1, 3])
async def test_what_the_platform_has_forgotten_becomes_a_case(platform, handler, database, hours):
    """A cursor older than what the platform still tells leaves a gap: somebody is told, once, and polling goes on."""
    first = make_poller(platform, handler, database, "first")
    await first.look()
    async with database.transaction() as connection:
        await connection.execute(cursors.update().values(moment=dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)))
    platform.changes = [_change("new", -20)]
    again = make_poller(platform, handler, database, "first", remembers=dt.timedelta(hours=hours))
    assert [await again.look(), await again.look()] == [1, 1]
    found = await Cases(database).list()
    told = [(case.process, case.category, case.occurrences) for case in found]
    assert told == ([("poller", Category.EVENT_GAP, 1)] if hours == 1 else [])


async def test_a_change_is_kept_as_a_notice_and_taken_from_it(database):
    """What a poller finds is a notice about the object, once however often it is found, and is the same when taken."""
    inbox, change, taken = Inbox(database), _change("PRJ-1", -20), []
    keep = keeping(inbox, "psa", "work.changed")
    for _ in range(2):
        await keep(change)
    (kept,) = await inbox.list()
    assert (kept.source, kept.kind, kept.type, kept.subject) == ("psa-poll", "psa", "work.changed", "PRJ-1")
    assert (kept.event_id, kept.happened_at) == (f"PRJ-1@{change.at.isoformat()}", change.at)

    async def handle(given: Change) -> None:
        taken.append(given)

    body = msgspec.json.encode(change).decode()
    notice = Notice(source="psa-poll", event_id="E", kind="psa", type="work.changed", subject="PRJ-1", body=body)
    await taking(handle)(notice)
    assert taken == [change]
