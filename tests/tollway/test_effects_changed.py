"""What is recorded of an effect, who is told of it, and what it means to want something else under its identity."""

import json

import msgspec
import pytest

from tollway import context
from tollway.canonical.case import Category
from tollway.effects import Changed, Effects, Outcome
from tollway.problems import Conflict, NotFound, Rejected, UnknownOutcome

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
IDENTITY = "billing-plan:PRJ-7"
OLD, NEW = {"name": "Build", "lines": 1}, {"name": "Build", "lines": 2}


class Platform:
    """A platform that keeps what it was last sent."""

    def __init__(self) -> None:
        self.there: dict | None = None
        self.sent: list[dict] = []
        self.loses: bool | None = None
        """Whether the next answer is lost: before it was done (False), or after (True)."""

    def sending(self, wanted: dict):
        async def send() -> dict:
            self.sent.append(wanted)
            lost, self.loses = self.loses, None
            if lost is not False:
                self.there = wanted
            if lost is not None:
                raise UnknownOutcome("No answer.")
            return wanted

        return send

    def finding(self, exactly: dict | None = None):
        async def find() -> dict | None:
            return self.there if exactly in (None, self.there) else None

        return find


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def effects(database) -> Effects:
    return Effects(database, [0.0])


@pytest.fixture
def apply(effects, platform):
    """Wants something under the one identity."""

    async def applied(wanted: dict, changed: Changed = Changed.REFUSED) -> dict:
        exactly = wanted if changed is Changed.REPLACES else None
        return await effects.apply(
            IDENTITY, wanted, platform.sending(wanted), platform.finding(exactly), dict, changed=changed
        )

    return applied


@pytest.fixture
def in_doubt(effects, platform):
    """Leaves the effect in doubt, whether or not the platform did it."""

    async def left(wanted: dict, *, done: bool) -> None:
        async def away() -> dict:
            raise NotFound("There is no such address.")

        platform.loses = done
        with pytest.raises(NotFound):
            await effects.apply(IDENTITY, wanted, platform.sending(wanted), away, dict)
        assert (await effects.get(IDENTITY)).outcome is Outcome.UNKNOWN

    return left


async def test_something_else_under_an_applied_identity_is_a_contradiction(apply, platform, effects):
    """It is refused as a case for a person that names each field with both values, and nothing is sent."""
    await apply(OLD)
    with pytest.raises(Conflict, match="stands already") as refused:
        await apply(NEW)
    assert refused.value.category == Category.CONTRACT_MISMATCH
    assert [(one.pointer, one.message) for one in refused.value.violations] == [
        ("/lines", "It was made with 1, and is to be 2.")
    ]
    assert platform.sent == [OLD]
    assert json.loads((await effects.get(IDENTITY)).wanted) == OLD


async def test_where_the_first_stands_its_answer_is_given(apply, platform):
    """What others made first is for everybody, whatever they would have made."""
    await apply(OLD, Changed.STANDS)
    assert await apply(NEW, Changed.STANDS) == OLD
    assert platform.sent == [OLD]


async def test_a_replacement_is_sent_whenever_it_differs(apply, platform, effects):
    """What replaces is sent when it differs from what was applied last, back and forth, and else not."""
    for wanted in (OLD, OLD, NEW, NEW, OLD):
        assert await apply(wanted, Changed.REPLACES) == wanted
    assert platform.sent == [OLD, NEW, OLD]
    record = await effects.get(IDENTITY)
    assert (json.loads(record.wanted), record.attempts) == (OLD, 3)


async def test_a_replacement_that_is_lost_is_read_back_as_exactly_that(apply, platform, effects):
    """The plan from before, which is still there, is not taken for the new one."""
    await apply(OLD, Changed.REPLACES)
    platform.loses = False
    assert await apply(NEW, Changed.REPLACES) == NEW
    assert platform.sent == [OLD, NEW, NEW]
    platform.loses = True
    assert await apply(OLD, Changed.REPLACES) == OLD
    assert platform.sent == [OLD, NEW, NEW, OLD]
    assert (await effects.get(IDENTITY)).outcome is Outcome.ALREADY_APPLIED


async def test_in_doubt_and_changed_what_is_found_is_what_was_wanted_before(apply, in_doubt, platform, effects):
    """When the platform did the earlier one, it is recorded as that, and the new one contradicts it."""
    await in_doubt(OLD, done=True)
    with pytest.raises(Conflict):
        await apply(NEW)
    record = await effects.get(IDENTITY)
    assert (record.outcome, json.loads(record.wanted)) == (Outcome.ALREADY_APPLIED, OLD)
    assert platform.sent == [OLD]


@pytest.mark.parametrize("changed", [Changed.REFUSED, Changed.REPLACES])
async def test_in_doubt_and_changed_what_is_not_found_is_made_as_wanted_now(
    apply, in_doubt, platform, effects, changed
):
    """When the platform did not do the earlier one, the new one is what is sent and recorded."""
    await in_doubt(OLD, done=False)
    assert await apply(NEW, changed) == NEW
    record = await effects.get(IDENTITY)
    assert (record.outcome, json.loads(record.wanted)) == (Outcome.APPLIED, NEW)
    assert platform.sent == [OLD, NEW]


async def test_a_record_tells_what_was_wanted_and_what_came_back(effects, platform):
    """The effects of a process are read in the order they were wanted, each with what was sent and answered."""
    token = context.enter(msgspec.structs.replace(context.new_context("C-1"), process_id="P-1"))
    for identity in ("b:1", "a:1"):
        await effects.apply(identity, OLD, platform.sending(OLD), platform.finding(), dict)
    context.leave(token)
    await effects.apply("c:1", OLD, platform.sending(OLD), platform.finding(), dict)
    records = await effects.of_process("P-1")
    assert [record.identity for record in records] == ["b:1", "a:1"]
    assert {(record.process_id, record.correlation_id, record.outcome) for record in records} == {
        ("P-1", "C-1", Outcome.APPLIED)
    }
    assert [json.loads(text) for text in (records[0].wanted, records[0].result)] == [OLD, OLD]
    with pytest.raises(NotFound, match="There is no effect d:1"):
        await effects.get("d:1")


async def test_observers_are_told_of_what_is_applied_and_of_nothing_else(database, platform):
    """An observer gets the record of each effect that is applied, also of one that was found; none of a refusal."""
    told = []

    async def observe(connection, record) -> None:
        told.append((record.identity, record.outcome, record.result))

    async def refuse() -> dict:
        raise Rejected("No.")

    effects = Effects(database, [0.0], [observe])
    await effects.apply("a:1", OLD, platform.sending(OLD), platform.finding(), dict)
    await effects.apply("a:1", OLD, platform.sending(OLD), platform.finding(), dict)
    platform.loses = True
    await effects.apply("b:1", OLD, platform.sending(OLD), platform.finding(), dict)
    with pytest.raises(Rejected):
        await effects.apply("c:1", OLD, refuse, platform.finding(), dict)
    result = msgspec.json.encode(OLD).decode()
    assert told == [("a:1", Outcome.APPLIED, result), ("b:1", Outcome.ALREADY_APPLIED, result)]


async def test_an_observer_that_fails_leaves_the_effect_to_be_read_back(database, platform):
    """What an observer writes stands or falls with the settlement, so its failure leaves it in doubt, not lost."""
    failing = [True]

    async def observe(connection, record) -> None:
        if failing.pop():
            raise RuntimeError

    failing.insert(0, False)
    effects = Effects(database, [0.0], [observe])
    with pytest.raises(RuntimeError):
        await effects.apply(IDENTITY, OLD, platform.sending(OLD), platform.finding(), dict)
    assert (await effects.get(IDENTITY)).outcome is Outcome.INTENDED
    assert await effects.apply(IDENTITY, OLD, platform.sending(OLD), platform.finding(), dict) == OLD
    assert (platform.sent, (await effects.get(IDENTITY)).outcome) == ([OLD], Outcome.ALREADY_APPLIED)


async def test_a_kind_of_effect_has_pauses_of_its_own(database, platform):
    """Where a platform takes longer for one kind of effect, it is looked for as often as that kind's pauses say."""
    looks = []

    async def find() -> dict | None:
        looks.append(1)
        return platform.there if len(looks) == 3 else None

    effects = Effects(database, [0.0], read_back_after_of={"billing-plan": [0.0] * 3})
    platform.loses = True
    await effects.apply(IDENTITY, OLD, platform.sending(OLD), find, dict)
    assert (len(looks), platform.sent) == (3, [OLD])
