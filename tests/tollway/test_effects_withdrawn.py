"""Effects of what was given up: either there and to be undone, or never to come about, on either database."""

import asyncio

import pytest

from tollway.effects import Effects, Outcome
from tollway.problems import Conflict, Rejected, UnknownOutcome

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
IDENTITY = "invoice:PRJ-7-001"
WANTED = {"amount": "10.00"}


class Platform:
    """A platform that makes one more whatever it is sent."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.wrong: Exception | None = None

    async def send(self) -> str:
        self.asked.set()
        await self.open.wait()
        if self.wrong:
            raise self.wrong
        self.made.append("INV-1")
        return "INV-1"

    async def find(self) -> str | None:
        return self.made[0] if self.made else None


@pytest.fixture
def platform() -> Platform:
    platform = Platform()
    platform.open.set()
    return platform


@pytest.fixture
def effects(database) -> Effects:
    return Effects(database, [0.0])


async def bring_about(effects, platform):
    return await effects.apply(IDENTITY, WANTED, platform.send, platform.find, str)


async def test_what_never_began_never_comes_about(effects, platform):
    """An effect that is withdrawn before it is sent is refused to whoever wants it afterwards."""
    assert await effects.withdraw(IDENTITY, platform.find) is False
    with pytest.raises(Conflict, match="not to be brought about any more"):
        await bring_about(effects, platform)
    assert platform.made == []
    assert await effects.withdraw(IDENTITY, platform.find) is False


async def test_what_is_there_stays_to_be_undone(effects, platform):
    """An effect that took place is not withdrawn but told of, and its record stays as it is."""
    await bring_about(effects, platform)
    before = await effects.get(IDENTITY)
    assert await effects.withdraw(IDENTITY, platform.find) is True
    assert await effects.get(IDENTITY) == before


async def test_what_is_being_sent_is_waited_for(effects, platform):
    """Whoever withdraws an effect that somebody is sending is told once it is known what became of it."""
    platform.open.clear()
    sending = asyncio.create_task(bring_about(effects, platform))
    await platform.asked.wait()
    withdrawing = asyncio.create_task(effects.withdraw(IDENTITY, platform.find))
    await asyncio.sleep(0.2)
    assert not withdrawing.done()
    platform.open.set()
    assert (await sending, await withdrawing) == ("INV-1", True)


async def test_what_is_in_doubt_is_looked_for(effects, platform, database):
    """Of an effect whose outcome nobody knows the platform decides: there it counts as done, absent as withdrawn."""
    platform.wrong = UnknownOutcome("No answer.")
    with pytest.raises(UnknownOutcome):
        await bring_about(effects, platform)
    other = Effects(database, [0.0])
    platform.made.append("INV-1")
    assert await other.withdraw(IDENTITY, platform.find) is True
    assert (await other.get(IDENTITY)).outcome is Outcome.ALREADY_APPLIED
    platform.made.clear()
    with pytest.raises(UnknownOutcome):
        await effects.apply("invoice:PRJ-7-002", WANTED, platform.send, platform.find, str)
    assert await other.withdraw("invoice:PRJ-7-002", platform.find) is False
    record = await other.get("invoice:PRJ-7-002")
    assert (record.outcome, record.wanted) == (Outcome.WITHDRAWN, '{"amount":"10.00"}')


async def test_what_was_refused_is_withdrawn(effects, platform):
    """A refused effect, which a retry would send, is sent no more."""
    platform.wrong = Rejected("No.")
    with pytest.raises(Rejected):
        await bring_about(effects, platform)
    platform.wrong = None
    assert await effects.withdraw(IDENTITY, platform.find) is False
    with pytest.raises(Conflict):
        await bring_about(effects, platform)
    assert platform.made == []
