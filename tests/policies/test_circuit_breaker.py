"""The circuit breaker policy, and the breaker it stands on."""

import asyncio

import msgspec
import pytest

from policies.base import GatewayResponse
from policies.circuit_breaker import CircuitBreaker
from tollway.problems import ContractDrift, Invalid, TooSlow, Unavailable, UnknownOutcome
from tollway.resilience.breaker import Breaker, BreakerLimits


@pytest.fixture
def breaker(clock):
    """A breaker on a clock moved by hand."""
    limits = BreakerLimits(failures_in_a_row=3, window=10, window_requests=10, open_seconds=4, longest_open_seconds=10)
    return Breaker("erp", limits, clock)


@pytest.fixture
def upstream():
    """A next handler that does what it is told."""

    class Upstream:
        def __init__(self) -> None:
            self.asked = 0
            self.outcome = 200
            self.headers = []

        async def __call__(self, _):
            self.asked += 1
            if isinstance(self.outcome, BaseException):
                raise self.outcome
            return GatewayResponse(self.outcome, self.headers, b"")

    return Upstream()


def fail(breaker, times) -> None:
    for _ in range(times):
        breaker.failed(breaker.epoch)


def test_failures_in_a_row_open_it(breaker) -> None:
    """The third failure without an answer between opens; with one between it does not."""
    fail(breaker, 2)
    breaker.answered(breaker.epoch)
    fail(breaker, 2)
    assert breaker.closed
    fail(breaker, 1)
    assert not breaker.closed


def test_a_ratio_of_failures_opens_it(breaker) -> None:
    """Half of ten requests within a window open it although answers come between."""
    for _ in range(4):
        fail(breaker, 1)
        breaker.answered(breaker.epoch)
    assert breaker.closed
    fail(breaker, 1)
    breaker.answered(breaker.epoch)
    assert breaker.closed
    fail(breaker, 1)
    assert not breaker.closed


def test_failures_of_another_window_do_not_count(breaker, clock) -> None:
    """The same failures spread over more than a window leave it closed."""
    for _ in range(40):
        fail(breaker, 1)
        breaker.answered(breaker.epoch)
        clock.now += 2.6
    assert breaker.closed


def test_an_open_circuit_tells_when_to_come_again(breaker, clock) -> None:
    """While it is open nothing is let through, and the wait is what is left of its time."""
    fail(breaker, 3)
    clock.now += 1
    with pytest.raises(Unavailable) as refused:
        breaker.admit()
    assert refused.value.retry_after == pytest.approx(3)


def test_one_try_decides(breaker, clock) -> None:
    """After its time one request at once is let through; answered, the circuit closes, and its past is forgotten."""
    fail(breaker, 3)
    clock.now += 4
    breaker.admit()
    with pytest.raises(Unavailable):
        breaker.admit()
    breaker.answered(breaker.epoch)
    assert breaker.closed
    fail(breaker, 2)
    assert breaker.closed


def test_failed_tries_wait_longer_and_longer(breaker, clock) -> None:
    """Each failed try doubles the wait up to the longest; closing once begins anew."""
    fail(breaker, 3)
    for seconds in (4, 8, 10, 10):
        clock.now += seconds - 0.1
        with pytest.raises(Unavailable):
            breaker.admit()
        clock.now += 0.1
        breaker.admit()
        breaker.failed(breaker.epoch)
    clock.now += 10
    breaker.admit()
    breaker.answered(breaker.epoch)
    fail(breaker, 3)
    clock.now += 4
    breaker.admit()


def test_several_tries_must_all_be_answered(clock) -> None:
    """With two probes, two are let through at once, and both have to be answered."""
    breaker = Breaker("erp", BreakerLimits(failures_in_a_row=1, open_seconds=1, probes=2), clock)
    fail(breaker, 1)
    clock.now += 1
    breaker.admit()
    breaker.admit()
    breaker.answered(breaker.epoch)
    assert not breaker.closed
    breaker.answered(breaker.epoch)
    assert breaker.closed


def test_what_began_before_changes_nothing(breaker, clock) -> None:
    """Answers and failures of requests that were in flight when the circuit opened decide nothing."""
    before = breaker.epoch
    fail(breaker, 3)
    clock.now += 4
    breaker.answered(before)
    assert not breaker.closed
    breaker.admit()
    breaker.failed(before)
    breaker.abandoned(before)
    breaker.answered(breaker.epoch)
    assert breaker.closed


def test_a_try_that_is_given_up_leaves_room_for_another(breaker, clock) -> None:
    """A probe whose caller went away says nothing, and the next request may try."""
    fail(breaker, 3)
    clock.now += 4
    for _ in range(3):
        breaker.admit()
        breaker.abandoned(breaker.epoch)
    breaker.admit()


@pytest.mark.parametrize("outcome", [502, 503, 504, Unavailable("gone"), UnknownOutcome("silent")])
async def test_failures_of_the_service_open_its_circuit(make_request, upstream, resources, outcome) -> None:
    """After as many failures as allowed the service is asked no more, and the caller is told when to come again."""
    handler = CircuitBreaker(failures_in_a_row=3).wrap(upstream, resources)
    upstream.outcome = outcome
    await asyncio.gather(*(handler(make_request()) for _ in range(3)), return_exceptions=True)
    upstream.outcome = 200
    with pytest.raises(Unavailable) as refused:
        await handler(make_request())
    assert upstream.asked == 3
    assert 1 <= refused.value.retry_after <= 5
    opened = resources.gateway.metrics.counter("circuits_opened", "", ("service",)).series(("orders",))
    assert opened == [1]


@pytest.mark.parametrize(
    "outcome", [200, 400, 404, 422, 429, 500, Invalid("wrong"), TooSlow("slow"), ContractDrift("a field is missing")]
)
async def test_other_answers_do_not(make_request, upstream, resources, outcome) -> None:
    """What the caller did wrong, what a service fails at by itself, and an answer in a wrong form open no circuit."""
    handler = CircuitBreaker(failures_in_a_row=1).wrap(upstream, resources)
    upstream.outcome = outcome
    await asyncio.gather(*(handler(make_request()) for _ in range(30)), return_exceptions=True)
    assert upstream.asked == 30


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_service_that_tells_of_a_platform_is_well(make_request, upstream, resources, status) -> None:
    """A problem document of the service about what it asks itself does not close the service to others."""
    handler = CircuitBreaker(failures_in_a_row=1).wrap(upstream, resources)
    upstream.outcome, upstream.headers = status, [(b"content-type", b"application/problem+json")]
    for _ in range(30):
        assert (await handler(make_request())).status == status


async def test_a_hasty_caller_does_not_close_a_service_to_others(make_request, upstream, resources) -> None:
    """Time-outs count when the service had half of the product's time at least, not when a caller waited briefly."""
    handler = CircuitBreaker(failures_in_a_row=1).wrap(upstream, resources)
    upstream.outcome = UnknownOutcome("silent")
    hasty, slow, patient = make_request(), make_request(), make_request()
    hasty.deadline = hasty.started
    slow.started -= 31
    for request in (hasty, slow, patient):
        with pytest.raises(UnknownOutcome):
            await handler(request)
    assert upstream.asked == 3
    with pytest.raises(Unavailable):
        await handler(make_request())


async def test_products_of_one_service_share_its_circuit(make_request, upstream, resources) -> None:
    """A service that one product found failing is left alone by the other, and by the routes after a reload."""
    first = msgspec.structs.replace(resources, product="v1", service="finance")
    second = msgspec.structs.replace(resources, product="v2", service="finance")
    other = msgspec.structs.replace(resources, product="v3", service="sales")
    upstream.outcome = 503
    await CircuitBreaker(failures_in_a_row=1).wrap(upstream, first)(make_request())
    upstream.outcome = 200
    with pytest.raises(Unavailable):
        await CircuitBreaker().wrap(upstream, second)(make_request())
    assert (await CircuitBreaker().wrap(upstream, other)(make_request())).status == 200


async def test_a_cancelled_request_says_nothing(make_request, upstream, resources) -> None:
    """A request whose task is cancelled neither opens the circuit nor keeps the place of a try."""
    handler = CircuitBreaker(failures_in_a_row=1, open_seconds=0.01).wrap(upstream, resources)
    upstream.outcome = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await handler(make_request())
    upstream.outcome = 503
    assert (await handler(make_request())).status == 503
    await asyncio.sleep(0.02)
    upstream.outcome = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await handler(make_request())
    upstream.outcome = 200
    assert (await handler(make_request())).status == 200
