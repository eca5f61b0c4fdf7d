"""After a restore, an effect without a record may have happened all the same, on either database."""

import datetime as dt

import msgspec
import pytest

from tollway.backup import restores
from tollway.backup.restores import Restores
from tollway.effects import Effects, Outcome

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


class Thing(msgspec.Struct):
    """What a platform answers."""

    id: str


class Platform:
    """Keeps one thing, and notes who asks for it."""

    def __init__(self, there: Thing | None) -> None:
        self.there = there
        self.calls: list[str] = []

    async def send(self) -> Thing:
        self.calls.append("send")
        self.there = Thing("new")
        return self.there

    async def find(self) -> Thing | None:
        self.calls.append("find")
        return self.there


@pytest.fixture
async def restored(database):
    """The database has been restored from a backup of an hour ago."""
    async with database.transaction() as connection:
        made_at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        await restores.record(connection, "restore-1", made_at, "0:")
    return database


async def applied(database, platform: Platform, identity: str = "invoice:PRJ-7-001") -> Thing:
    effects = Effects(database, read_back_after=[0.05, 0.05])
    return await effects.apply(identity, "as asked", platform.send, platform.find, Thing)


async def test_what_is_there_is_not_sent_again(restored):
    """It is looked for first, and what is found counts as applied already."""
    platform = Platform(Thing("lost"))
    assert await applied(restored, platform) == Thing("lost")
    assert platform.calls == ["find"]
    record = await Effects(restored).get("invoice:PRJ-7-001")
    assert record.outcome is Outcome.ALREADY_APPLIED


async def test_what_is_not_there_is_sent_after_one_look(restored):
    """What was lost is long there or never will be, so that one look is enough before it is sent."""
    platform = Platform(None)
    assert await applied(restored, platform) == Thing("new")
    assert platform.calls == ["find", "send"]


async def test_a_second_attempt_is_as_ever(restored):
    """What was applied since the restore has its record."""
    platform = Platform(None)
    await applied(restored, platform)
    assert await applied(restored, platform) == Thing("new")
    assert platform.calls == ["find", "send"]


async def test_doubt_ends_with_the_reconciliation(restored):
    """Once it was caught up with, what has no record was not done."""
    await Restores(restored).caught_up("run-1")
    platform = Platform(Thing("by somebody else"))
    assert await applied(restored, platform) == Thing("new")
    assert platform.calls == ["send"]


async def test_without_a_restore_nothing_is_looked_for(database):
    """A system that knows all it did sends at once."""
    platform = Platform(None)
    await applied(database, platform)
    assert platform.calls == ["send"]


async def test_the_earliest_backup_counts(restored):
    """Restored twice, all the time since the older backup is forgotten, until both were caught up with."""
    older = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    async with restored.transaction() as connection:
        await restores.record(connection, "restore-2", older, "0:")
    forgotten = await Restores(restored).forgotten()
    assert (forgotten.restore_id, forgotten.since) == ("restore-2", older)
    await Restores(restored).caught_up("run-1")
    assert await Restores(restored).forgotten() is None
