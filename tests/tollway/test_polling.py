"""Pollers hand on every change, by a cursor that reaches back."""

import datetime as dt

import pytest

from tollway.canonical.record import Change, Changes, Cursor
from tollway.polling import SETTLED, Poller
from tollway.problems import Unavailable
from tollway.settings import PollingSettings

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
    return Poller("test", platform.read, handler.take, database, PollingSettings(seconds=1, overlap_seconds=60))


def _change(name: str, seconds: float) -> Change:
    return Change(id=name, at=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds))


async def test_the_first_look_begins_now(poller, platform, handler):
    """What changed long before Tollway was there is a migration's to load."""
    platform.changes = [_change("old", -3600), _change("new", -20)]
    await poller.look()
    assert handler.seen() == ["new"]


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
    platform.changes = [_change("one", 1000)]
    await poller.look()
    again = Poller("test", platform.read, handler.take, database, PollingSettings(seconds=1, overlap_seconds=60))
    await again.look()
    assert platform.asked[-1].moment == platform.changes[0].at - OVERLAP
