"""The concurrency policy: requests in flight, counted in memory and in a real Valkey."""

import asyncio
import contextlib
import gc
import time

import msgspec
import pytest

from policies.base import GatewayResponse
from policies.concurrency import Concurrency
from tollway.limits.connection import SharedRates
from tollway.limits.in_flight import KEPT, Seats
from tollway.limits.plans import Plans
from tollway.limits.shared_slots import SharedSlots
from tollway.problems import QuotaExceeded, Unavailable
from tollway.settings import RedisSettings


class Service:
    """The next handler, which answers when it is told to."""

    def __init__(self) -> None:
        self.inside = 0
        self.open = asyncio.Event()

    async def __call__(self, request) -> GatewayResponse:
        self.inside += 1
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return GatewayResponse(200, [], b"reached")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def flood(make_request, caller, service):
    """Sends requests that stay in flight until the test ends; answers how many were refused at once."""
    tasks = []

    async def sent(handler, times, client="shop", **request) -> int:
        asked = [
            asyncio.create_task(handler(make_request(caller=caller(client=client), **request))) for _ in range(times)
        ]
        tasks.extend(asked)
        async with asyncio.timeout(30):
            while sum(not task.done() for task in tasks) > service.inside:  # noqa: ASYNC110 - it ends here or there
                await asyncio.sleep(0.01)
        return sum(isinstance(task.exception(), QuotaExceeded) for task in asked if task.done())

    yield sent
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def make_shared(redis_url, resources):
    """Makes what the policies of a new gateway share, over one Valkey or that of a URL."""
    async with contextlib.AsyncExitStack() as stack:

        def make(url=redis_url):
            shared = SharedRates(RedisSettings(url=url, timeout=20))
            stack.push_async_callback(shared.close)
            gateway = msgspec.structs.replace(resources.gateway, shared_rates=shared, kept={})
            return msgspec.structs.replace(resources, gateway=gateway)

        yield make


async def test_a_cap_holds_until_answers_end(flood, service, resources, make_request, caller) -> None:
    """Three at a time are let in, others are refused with 429, and an answer makes room for the next."""
    handler = Concurrency(in_flight=3).wrap(service, resources)
    assert await flood(handler, 5) == 2
    assert service.inside == 3
    with pytest.raises(QuotaExceeded) as caught:
        await handler(make_request(caller=caller()))
    assert (caught.value.problem().status, caught.value.retry_after) == (429, 1.0)
    service.open.set()
    await asyncio.sleep(0.1)
    for _ in range(10):
        assert (await handler(make_request(caller=caller()))).status == 200


async def test_failures_leave_nothing_behind(resources, make_request, caller) -> None:
    """A request that fails, or whose caller goes away, is in flight no more."""

    async def fail(request) -> GatewayResponse:
        raise Unavailable("The service is away.")

    handler = Concurrency(in_flight=1).wrap(fail, resources)
    for _ in range(3):
        with pytest.raises(Unavailable, match="The service"):
            await handler(make_request(caller=caller()))

    service = Service()
    handler = Concurrency(in_flight=1).wrap(service, resources)
    for _ in range(3):
        task = asyncio.create_task(handler(make_request(caller=caller())))
        await asyncio.sleep(0)
        assert service.inside == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_streamed_answer_is_in_flight_until_its_end(resources, make_request, caller) -> None:
    """A stream takes its place until the last chunk, until it is closed, or until nobody has it any more."""

    async def chunks():
        yield b"a"
        yield b"b"

    async def stream(request) -> GatewayResponse:
        return GatewayResponse(200, [], b"", chunks())

    handler = Concurrency(in_flight=1).wrap(stream, resources)

    async def refused() -> bool:
        try:
            await handler(make_request(caller=caller()))
        except QuotaExceeded:
            return True
        return False

    response = await handler(make_request(caller=caller()))
    assert await refused()
    assert [chunk async for chunk in response.stream] == [b"a", b"b"]
    response = await handler(make_request(caller=caller()))
    assert await anext(response.stream) == b"a"
    assert await refused()
    await response.stream.aclose()
    response = await handler(make_request(caller=caller()))
    assert await refused()
    del response
    gc.collect()
    assert not await refused()


async def test_a_client_has_its_plans_cap(flood, service, resources) -> None:
    """A plan's cap holds for each of its clients, and its cap of an operation for that operation."""
    plans = msgspec.convert(
        {
            "plans": {
                "small": {"in_flight": 2},
                "large": {"in_flight": [6, {"most": 1, "operations": ["createOrder"]}]},
            },
            "default_plan": "small",
            "clients": {"mill": "large"},
        },
        Plans,
    )
    handler = Concurrency().wrap(service, msgspec.structs.replace(resources, plans=plans))
    assert await flood(handler, 5, "a") == 3
    assert await flood(handler, 5, "b") == 3
    assert await flood(handler, 3, "mill", method="POST", target="/orders/v1/orders") == 2
    assert await flood(handler, 6, "mill") == 1
    counter = resources.gateway.metrics.counter("in_flight_limited", "", ("product",))
    assert counter.series(("orders",)) == [9.0]


async def test_a_cap_survives_a_reload(flood, service, resources) -> None:
    """What is in flight when the routes are read again still counts, of a larger cap as of a smaller one."""
    assert await flood(Concurrency(in_flight=4).wrap(service, resources), 4) == 0
    assert await flood(Concurrency(in_flight=5).wrap(service, resources), 3) == 2
    assert await flood(Concurrency(in_flight=2).wrap(service, resources), 1) == 1


async def test_gateways_keep_a_cap_together(flood, service, make_shared) -> None:
    """Two gateways have as many in flight as the cap allows, not each as many."""
    handlers = [Concurrency(in_flight=10).wrap(service, make_shared()) for _ in range(2)]
    refused = await asyncio.gather(*(flood(handler, 20) for handler in handlers))
    assert service.inside == 10
    assert sum(refused) == 30


@pytest.mark.parametrize("most", [100, 15])
async def test_nobody_is_refused_below_the_cap(make_shared, make_request, caller, most) -> None:
    """Whoever comes while Redis is asked for others, or takes what was had for them, leaves nobody without a slot."""
    answer = GatewayResponse(200, [], b"reached")

    async def following(request) -> GatewayResponse:
        await asyncio.sleep(0.001)
        return answer

    handler = Concurrency(in_flight=most).wrap(following, make_shared())

    async def sent(client, after) -> None:
        for _ in range(after):
            await asyncio.sleep(0)
        await handler(make_request(caller=caller(client=client)))

    for number in range(40):
        await asyncio.gather(*(sent(f"client-{number}", after) for after in range(most)))


async def test_slots_that_are_not_used_go_to_others(flood, service, make_shared, make_request, caller) -> None:
    """What one gateway has had in flight is another's to use, soon after it has ended."""
    first, second = (Concurrency(in_flight=4).wrap(service, make_shared()) for _ in range(2))
    assert await flood(first, 4) == 0
    assert await flood(second, 1) == 1
    service.open.set()
    began = time.monotonic()
    while time.monotonic() - began < 20:
        with contextlib.suppress(QuotaExceeded):
            await second(make_request(caller=caller()))
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the slots stayed with a gateway that has nothing in flight")


async def test_a_slow_callers_slot_stays_for_the_lease(valkey_client, redis_settings) -> None:
    """Of a large cap, the one slot of a client that comes now and then is kept for one lease without it."""
    capping = SharedSlots(SharedRates(redis_settings), lease=0.5)  # of one slot four times as long
    large, small = (Seats(capping, "orders").open(most, [("client", f"of-{most}", most)])[0] for most in (50, 5))
    for slots in (large, small):
        await capping.more((slots,))
        slots.used = slots.peak = 1
        slots.used = 0
    before = valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"]
    await asyncio.sleep(1.0)  # ten looks
    assert (large.held, small.held) == (1, 0)
    assert valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"] - before <= 2  # of the small cap
    await asyncio.sleep(1.5)  # in the second lease
    assert (large.held, valkey_client.exists(large.key)) == (1, 1)
    assert valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"] - before <= 3  # with the renewal
    await asyncio.sleep(2.0)
    assert not valkey_client.exists(large.key)
    assert time.monotonic() >= large.end


async def test_slots_of_many_are_leased_together(valkey_client, following, make_shared, make_request, caller) -> None:
    """Callers that come at once, of whom no slot is held here, cost Redis a few scripts."""
    handler = Concurrency(in_flight=2).wrap(following, make_shared())

    async def sent(client) -> None:
        await handler(make_request(caller=caller(client=client)))

    await sent("the first")
    before = valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"]
    await asyncio.gather(*(sent(f"client-{number}") for number in range(500)))
    assert valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"] - before <= 10


@pytest.mark.parametrize("when_away", ["open", "closed"])
async def test_without_redis_the_setting_decides(
    when_away, valkey_server_factory, flood, service, make_shared, make_request, caller
) -> None:
    """While Redis is away, what needs another slot is admitted or refused as the setting says, and counted as such."""
    server = valkey_server_factory()
    shared = make_shared(f"redis://127.0.0.1:{server.port}")
    handler = Concurrency(in_flight=4, when_away=when_away).wrap(service, shared)
    server.stop()
    if when_away == "open":
        assert await flood(handler, 6) == 0
        assert service.inside == 6
        became = "admitted", 6.0
    else:
        with pytest.raises(Unavailable) as caught:
            await handler(make_request(caller=caller()))
        assert caught.value.retry_after
        became = "refused", 1.0
    counter = shared.gateway.metrics.counter("limits_away", "", ("product", "policy", "became"))
    assert counter.values == {("orders", "concurrency", became[0]): [became[1]]}


async def test_idle_callers_are_forgotten(resources, following, make_request, caller) -> None:
    """Callers that have nothing in flight leave nothing behind, however many there were."""
    handler = Concurrency(in_flight=2).wrap(following, resources)
    for number in range(KEPT + 2_000):
        await handler(make_request(caller=caller(client=f"c{number}")))
    (capping,) = resources.gateway.kept.values()
    assert len(capping.slots) <= KEPT


@pytest.mark.parametrize("cap", [-1, [0], [{"most": 0}], "many"])
def test_what_is_no_cap_is_refused(cap) -> None:
    """A cap that would admit nothing is found when the routes are read."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"in_flight": cap}, Concurrency)
