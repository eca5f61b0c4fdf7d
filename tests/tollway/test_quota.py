"""A platform account's quota, counted in memory and in Redis by the same rules."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest

from tollway import context
from tollway.canonical.case import Category
from tollway.cases.rules import category_of
from tollway.context import Priority, prioritised
from tollway.limits.connection import SharedRates
from tollway.problems import Throttled, Unavailable
from tollway.quota import Heard, Quota, QuotaSettings
from tollway.quota.book import Ended
from tollway.quota.heard import heard
from tollway.quota.shared import SharedBook
from tollway.settings import StartupError, convert

QUICK = QuotaSettings(failures_in_a_row=3, open_seconds=0.2, longest_open_seconds=1, longest_wait_seconds=5)


@pytest.fixture(params=["memory", "redis"])
async def open_quota(request):
    """Makes the quota of an account, as one worker after the other sees it."""
    async with AsyncExitStack() as stack:

        def make(settings=QUICK, **changes):
            settings = msgspec.structs.replace(settings, **changes)
            book = None
            if request.param == "redis":
                shared = SharedRates(request.getfixturevalue("redis_settings"))
                stack.push_async_callback(shared.close)
                book = SharedBook("books", settings, shared)
            quota = Quota("books", "NetSuite", settings, book)
            stack.push_async_callback(quota.close)
            return quota

        yield make


async def call(quota, *, ended=Ended.ANSWERED, seconds=0.0, **heard):
    """One call that ends so; answers whether it was a probe."""
    async with quota.turn() as turn:
        await asyncio.sleep(seconds)
        turn.ended, turn.heard = ended, Heard(**heard)
    return turn.probe


async def refused(quota, kind=Throttled):
    """The refusal of a call that is not to be sent."""
    with pytest.raises(kind) as caught:
        await call(quota)
    return caught.value


async def test_no_more_calls_run_at_once_than_may(open_quota):
    """However many ask, the account sees its number of calls at once, and uses all of it."""
    quota, running, peak = open_quota(concurrency=3), 0, 0

    async def counted():
        nonlocal running, peak
        async with quota.turn():
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(0.01)
            running -= 1

    await asyncio.gather(*(counted() for _ in range(30)))
    assert (running, peak) == (0, 3)


async def test_the_urgent_go_first(open_quota):
    """Calls that wait are sent by their priority, and those of one priority in the order in which they came."""
    quota, order = open_quota(concurrency=1), []

    async def asking(priority, number):
        with prioritised(priority):
            async with quota.turn():
                order.append((priority, number))

    async with asyncio.TaskGroup() as tasks, quota.turn():
        for number in range(2):
            for priority in reversed(Priority):
                tasks.create_task(asking(priority, number))
                await asyncio.sleep(0.02)
    assert order == [(priority, number) for priority in Priority for number in range(2)]


async def test_waiting_makes_urgent(open_quota):
    """A backfill goes before more urgent calls that come more than its handicap later, so that it never starves."""
    quota, order, came = open_quota(concurrency=1, ageing_seconds=0.1), [], {}

    async def asking(priority, name):
        came[name] = time.monotonic()
        with prioritised(priority):
            async with quota.turn():
                order.append(name)
                await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asking(Priority.NORMAL, "first"))
        await asyncio.sleep(0.01)
        tasks.create_task(asking(Priority.BACKFILL, "backfill"))
        for number in range(20):  # twice as many as can be served
            tasks.create_task(asking(Priority.INTERACTIVE, number))
            await asyncio.sleep(0.025)
    later = {name for name in came if name not in ("first", "backfill") and came[name] > came["backfill"] + 0.4}
    served = order.index("backfill")
    assert served > 1
    assert later
    assert later <= set(order[served:])
    assert [name for name in order if isinstance(name, int)] == list(range(20))


async def test_a_rate_is_kept_in_every_stretch_of_time(open_quota):
    """Of calls without pause no more are sent in any stretch of the time than the rate allows."""
    quota, sent = open_quota(rate="4/1 second"), []

    async def noted():
        async with quota.turn():
            sent.append(time.monotonic())

    await asyncio.gather(*(noted() for _ in range(10)))
    assert all(later - earlier > 0.9 for earlier, later in zip(sent, sent[4:], strict=False))
    assert sent[-1] - sent[0] < 10


async def test_a_platform_that_asks_for_a_pause_gets_it(open_quota):
    """After Retry-After all calls wait, and go on by themselves when it is over."""
    quota, began = open_quota(), time.monotonic()
    await call(quota, pause=0.3)
    await asyncio.gather(*(call(quota) for _ in range(5)))
    assert time.monotonic() - began >= 0.3


async def test_nobody_waits_for_a_pause_beyond_patience(open_quota):
    """A call that could not be sent in its time is refused at once, with the time to come again."""
    quota = open_quota(longest_wait_seconds=0.5)
    await call(quota, pause=30)
    began = time.monotonic()
    error = await refused(quota)
    assert time.monotonic() - began < 0.4
    assert 28 < error.retry_after <= 30.01
    assert error.detail == "NetSuite asks to be left alone for 30 s; nothing was sent."


async def test_what_the_platform_says_is_left_is_all_that_is_sent(open_quota):
    """Of a window of which two calls are left, two are sent before it turns, whoever asks."""
    quota, sent = open_quota(), []
    await call(quota, left=2, turns=0.5)

    async def noted():
        async with quota.turn():
            sent.append(time.monotonic())

    await asyncio.gather(*(noted() for _ in range(4)))
    assert sent[1] - sent[0] < 0.2
    assert sent[2] - sent[0] > 0.3


async def test_the_platform_tells_how_many_at_once(open_quota):
    """The account's own number of calls at once takes the place of what is assumed, but not of a smaller setting."""

    async def peak(quota):
        await call(quota)
        quota.learn(Heard(concurrency=4))
        running = most = 0

        async def counted():
            nonlocal running, most
            async with quota.turn():
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.02)
                running -= 1

        await asyncio.gather(*(counted() for _ in range(12)))
        return most

    assert await peak(open_quota()) == 4
    assert await peak(open_quota(concurrency=2)) == 2


async def test_a_used_up_day_is_not_asked_again(open_quota):
    """When the calls of 24 hours are used up, all are refused in words that say so, and make a case that waits."""
    quota = open_quota()
    await call(quota, used=4998, allowed=5000)
    await call(quota, used=5000, allowed=5000)
    error = await refused(quota)
    assert error.detail == (
        "NetSuite has taken its 5,000 calls of the last 24 hours; they come free again as they grow a day old, "
        "and it is tried again in 60 minutes."
    )
    assert 3590 < error.retry_after <= 3600.01
    assert category_of(error) == Category.QUOTA_EXHAUSTED


async def test_our_part_of_a_day_can_be_less_than_the_platform_allows(open_quota):
    """With a daily setting we stop there, and leave the rest to others."""
    quota = open_quota(daily=4000)
    await call(quota, used=4000, allowed=5000)
    assert "the 4,000 of its 5,000 calls of the last 24 hours that are ours" in (await refused(quota)).detail


async def test_a_used_up_day_is_tried_by_one_call(open_quota):
    """When it is worth a try again a single call is let through; what it hears decides for all."""
    quota = open_quota(daily_pause_seconds=0.2)
    await call(quota, exhausted=True)
    await refused(quota)
    await asyncio.sleep(0.25)

    async def tried(**heard):
        async with quota.turn() as turn:
            assert turn.probe
            await refused(quota)
            turn.ended, turn.heard = Ended.ANSWERED, Heard(**heard)

    await tried(exhausted=True)
    await refused(quota)
    await asyncio.sleep(0.25)
    await tried(used=10, allowed=5000)
    assert not any(await asyncio.gather(*(call(quota) for _ in range(5))))


async def test_the_circuit_opens_when_nothing_is_answered(open_quota):
    """After failures in a row calls are refused at once; answers in between begin the row anew."""
    quota = open_quota()
    for ended in (Ended.FAILED, Ended.FAILED, Ended.ANSWERED, Ended.FAILED, Ended.FAILED, Ended.ABANDONED):
        await call(quota, ended=ended)
    await call(quota, ended=Ended.FAILED)
    error = await refused(quota, Unavailable)
    assert "NetSuite has been failing and is left alone" in error.detail
    assert error.retry_after >= 0.1


async def test_waiting_calls_are_refused_when_the_circuit_opens(open_quota):
    """Work that already waits for its turn parks at once instead of waiting in vain."""
    quota = open_quota(concurrency=1, failures_in_a_row=1, open_seconds=60, longest_open_seconds=60)
    async with quota.turn() as turn:
        waiting = [asyncio.create_task(call(quota)) for _ in range(3)]
        await asyncio.sleep(0.1)
        turn.ended = Ended.FAILED
    ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
    assert [type(error) for error in ended] == [Unavailable] * 3


async def test_a_single_call_tries_an_open_circuit(open_quota):
    """When the time is over one call is let through: failing, it doubles the time; answered, it closes the circuit."""
    quota = open_quota()
    for _ in range(3):
        await call(quota, ended=Ended.FAILED)
    await asyncio.sleep(0.25)
    async with quota.turn() as turn:
        assert turn.probe
        await refused(quota, Unavailable)
        turn.ended = Ended.FAILED
    await asyncio.sleep(0.25)
    await refused(quota, Unavailable)
    await asyncio.sleep(0.2)
    assert await call(quota)
    assert not any(await asyncio.gather(*(call(quota) for _ in range(5))))


async def test_a_probe_that_is_given_up_lets_another_try(open_quota):
    """A probe whose caller went away says nothing, so the next call tries."""
    quota = open_quota()
    for _ in range(3):
        await call(quota, ended=Ended.FAILED)
    await asyncio.sleep(0.25)
    assert await call(quota, ended=Ended.ABANDONED)
    assert await call(quota)


async def test_a_late_success_does_not_close_the_circuit(open_quota):
    """A call that was sent before the circuit opened is no proof that the platform is back."""
    quota = open_quota(open_seconds=60, longest_open_seconds=60)
    async with quota.turn() as late:
        for _ in range(3):
            await call(quota, ended=Ended.FAILED)
        late.ended = Ended.ANSWERED
    await refused(quota, Unavailable)


async def test_a_turn_that_does_not_come_is_not_waited_for_beyond_the_deadline(open_quota):
    """Waiting ends with the caller's deadline; the problem says that nothing was sent and how full it was."""
    quota = open_quota(concurrency=1)
    async with quota.turn():
        token = context.enter(msgspec.structs.replace(context.new_context(), deadline=time.monotonic() + 0.3))
        error = await refused(quota)
        context.leave(token)
    assert error.detail == "The 1 calls that NetSuite takes at once were others' for 1 s; nothing was sent."
    assert not await call(quota)


async def test_who_gives_up_leaves_no_gap(open_quota):
    """Callers that are cancelled while they wait, or at their turn, keep nobody else from a slot."""
    quota = open_quota(concurrency=1)
    for pause in (0, 0, 0.001, 0.002, 0.005, 0.01):
        tasks = [asyncio.create_task(call(quota, seconds=0.002)) for _ in range(10)]
        await asyncio.sleep(pause)
        for task in tasks[::2]:
            task.cancel()
        ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
        assert [one for one in ended if isinstance(one, Exception)] == []
    assert quota._running == 0


async def test_who_gives_up_at_once_holds_nobody_up(open_quota):
    """A call that is given up at the very moment at which it asks is passed over, and the next one gets its turn."""

    stood_still = []

    def wake(*_):
        stood_still.append(True)
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_REAL, 5, 1)  # an event loop that stands still would not see a time-out
    try:
        quota = open_quota(concurrency=1)
        for _ in range(3):
            hasty = asyncio.create_task(call(quota))
            await asyncio.sleep(0)
            hasty.cancel()
            await asyncio.wait({hasty})
        await call(quota)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not stood_still


async def test_how_an_account_stands_is_told_in_a_few_words(open_quota):
    """Whoever watches sees the calls at once and those of the day."""
    quota = open_quota(concurrency=5)
    await call(quota, used=18, allowed=5000)
    async with quota.turn():
        assert quota.describe() == "1 of 5 calls at once, 18 of 5,000 calls of 24 hours"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"rate": "many"}, "connections.x.quota"),
        ({"concurrency": 0}, "connections.x.quota.concurrency"),
        ({"slots": 3}, "connections.x.quota.slots"),
    ],
)
def test_a_wrong_setting_is_named(table, words):
    """A quota that cannot be kept keeps the adapter from starting, with the name of the setting."""
    with pytest.raises(StartupError, match=words):
        convert(table, QuotaSettings, "connections.x.quota")


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (200, {}, Heard()),
        (200, {"retry-after": "7"}, Heard()),
        (429, {"retry-after": "7"}, Heard(pause=7)),
        (429, {}, Heard(pause=1)),
        (429, {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, Heard(pause=1)),
        (503, {"retry-after": "30"}, Heard(failed=True, pause=30)),
        (500, {}, Heard(failed=True)),
        (
            200,
            {"x-hubspot-ratelimit-remaining": "188", "x-hubspot-ratelimit-interval-milliseconds": "10000"},
            Heard(left=188, turns=10),
        ),
        (200, {"x-ratelimit-remaining": "12", "x-ratelimit-reset": "40"}, Heard(left=12, turns=40)),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "40"}, Heard(left=0, turns=40, pause=40)),
    ],
)
def test_the_headers_that_platforms_have_in_common_are_read(status, headers, told):
    """Retry-After of a refusal is a pause, and the calls left until a reset are all there are."""
    assert heard(httpx.Response(status, headers=headers)) == told


def test_a_reset_may_be_a_moment():
    """A reset as seconds since 1970, as DocuSign tells it, is the time until then."""
    told = heard(
        httpx.Response(200, headers={"x-ratelimit-remaining": "3", "x-ratelimit-reset": f"{time.time() + 60}"})
    )
    assert 58 < told.turns <= 60
