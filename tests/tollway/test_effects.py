"""Effects: every write is made once, and what nobody knows is settled by reading back, on either database."""

import msgspec
import pytest
from sqlalchemy import select

from tollway.effects import Effects, Outcome, idempotency_key
from tollway.problems import ProblemError, Rejected, Throttled, Unavailable, UnknownOutcome
from tollway.storage.tables import effects as table

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
IDENTITY = "invoice:PRJ-7-001"


class Thing(msgspec.Struct):
    """What a platform answers."""

    id: str


class Crashed(BaseException):
    """The end of the process in the middle of a call."""


class Platform:
    """A platform that keeps one thing, and answers writes as it is told, one after the other."""

    def __init__(self, *answers: BaseException | None, keeps: bool = True) -> None:
        self.answers = list(answers)
        self.keeps = keeps
        self.there: Thing | None = None
        self.away: BaseException | None = None
        self.calls: list[str] = []

    async def send(self) -> Thing:
        self.calls.append("send")
        answer = self.answers.pop(0) if self.answers else None
        if answer is None or (self.keeps and isinstance(answer, (UnknownOutcome, Crashed))):
            self.there = Thing("1")
        if answer is not None:
            raise answer
        return self.there

    async def find(self) -> Thing | None:
        self.calls.append("find")
        if self.away:
            raise self.away
        return self.there


@pytest.fixture
def apply(database):
    """Applies one and the same effect on a platform."""
    effects = Effects(database, read_back_after=[0.0, 0.0])

    async def applied(platform: Platform, wanted: str = "as asked") -> Thing:
        return await effects.apply(IDENTITY, {"wanted": wanted}, platform.send, platform.find, Thing)

    return applied


@pytest.fixture
def record(database):
    """Reads what is recorded of the effect."""

    async def read():
        async with database.transaction() as connection:
            return (await connection.execute(select(table).where(table.c.identity == IDENTITY))).one()

    return read


async def test_an_applied_effect_is_recorded_with_its_answer(apply, record):
    """A write that is answered is applied, under the idempotency key of its identity."""
    assert await apply(Platform()) == Thing("1")
    row = await record()
    assert (row.outcome, row.attempts, msgspec.json.decode(row.result)) == (Outcome.APPLIED, 1, {"id": "1"})
    assert row.key == idempotency_key(IDENTITY) != idempotency_key("invoice:PRJ-7-002")
    assert row.settled_at >= row.intended_at


async def test_an_effect_is_applied_once(apply):
    """Asked again, the first answer comes back and nothing is sent or looked for."""
    platform = Platform()
    first = await apply(platform)
    platform.there = Thing("2")
    assert await apply(platform) == first
    assert platform.calls == ["send"]


async def test_a_refusal_is_recorded_and_may_be_tried_again(apply, record):
    """A business refusal is rejected with its reason; with mended data it is sent again without looking first."""
    platform = Platform(Rejected("The subsidiary is closed."))
    with pytest.raises(Rejected):
        await apply(platform)
    refused = await record()
    assert (refused.outcome, refused.reason) == (Outcome.REJECTED, "The subsidiary is closed.")
    assert await apply(platform, "mended") == Thing("1")
    mended = await record()
    assert (mended.outcome, mended.attempts, mended.reason) == (Outcome.APPLIED, 2, None)
    assert mended.digest != refused.digest
    assert platform.calls == ["send", "send"]


@pytest.mark.parametrize("away", [Throttled("Slow down.", retry_after=3), Unavailable("Not reached.")])
async def test_an_overloaded_platform_is_asked_again(apply, record, away):
    """Throttled or not reached, nothing happened: the effect is throttled and may be sent again."""
    platform = Platform(away)
    with pytest.raises(type(away)):
        await apply(platform)
    assert (await record()).outcome == Outcome.THROTTLED
    assert await apply(platform) == Thing("1")
    assert platform.calls == ["send", "send"]


async def test_a_lost_answer_is_found_by_reading_back(apply, record):
    """Sent without an answer but there: already applied, and not sent again."""
    platform = Platform(UnknownOutcome("No answer."))
    assert await apply(platform) == Thing("1")
    assert platform.calls == ["send", "find"]
    assert (await record()).outcome == Outcome.ALREADY_APPLIED
    assert await apply(platform) == Thing("1")
    assert platform.calls == ["send", "find"]


async def test_what_is_not_there_is_sent_again_once(apply, record):
    """Sent without an answer and absent after every look: sent once more."""
    platform = Platform(UnknownOutcome("No answer."), keeps=False)
    assert await apply(platform) == Thing("1")
    assert platform.calls == ["send", "find", "find", "send"]
    assert (await record()).outcome == Outcome.APPLIED


async def test_unknown_twice_stays_unknown_until_the_next_try_reads_back(apply, record):
    """When the second sending is lost too, nobody sends a third time without looking first."""
    platform = Platform(UnknownOutcome("No answer."), UnknownOutcome("Again no answer."), keeps=False)
    with pytest.raises(UnknownOutcome, match="Again"):
        await apply(platform)
    assert (await record()).outcome == Outcome.UNKNOWN
    platform.there, platform.calls = Thing("7"), []
    assert await apply(platform) == Thing("7")
    assert platform.calls == ["find"]
    assert (await record()).outcome == Outcome.ALREADY_APPLIED


async def test_a_platform_that_fails_inside_is_unknown(apply, record):
    """An unforeseen failure of the platform says nothing of whether it happened, so it is read back."""
    platform = Platform(ProblemError("It broke."))
    platform.there = Thing("1")
    assert await apply(platform) == Thing("1")
    assert platform.calls == ["send", "find"]
    assert (await record()).outcome == Outcome.ALREADY_APPLIED


@pytest.mark.parametrize(("keeps", "calls"), [(True, ["find"]), (False, ["find", "find", "send"])])
async def test_after_a_crash_is_looked_before_it_is_sent(apply, record, keeps, calls):
    """An effect that was intended but never settled is read back first, and only sent when it is not there."""
    platform = Platform(Crashed(), keeps=keeps)
    with pytest.raises(Crashed):
        await apply(platform)
    assert (await record()).outcome == Outcome.INTENDED
    platform.calls = []
    assert await apply(platform) == Thing("1")
    assert platform.calls == calls


async def test_a_failed_look_settles_nothing(apply, record):
    """When reading back cannot reach the platform, the effect stays unknown, and is looked for again later."""
    platform = Platform(UnknownOutcome("No answer."))
    platform.away = Unavailable("Not reached.")
    with pytest.raises(Unavailable):
        await apply(platform)
    assert (await record()).outcome == Outcome.UNKNOWN
    with pytest.raises(Unavailable):
        await apply(platform)
    platform.away = None
    assert await apply(platform) == Thing("1")
    assert platform.calls.count("send") == 1


async def test_a_setting_is_made_once_and_read_back_by_whether_it_is_so(database):
    """Where a platform answers nothing, a lost answer is settled by asking whether it is as wanted."""
    effects, sent = Effects(database, read_back_after=[0.0]), []

    async def send() -> None:
        sent.append(1)
        if len(sent) == 1:
            raise UnknownOutcome("No answer.")

    async def is_so() -> bool:
        return len(sent) > 1

    for _ in range(2):
        await effects.set("deal-status:D-1:Active", "Active", send, is_so)
    assert len(sent) == 2
