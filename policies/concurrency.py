"""Holds each client to its plan: how many requests it may have in flight at a time."""

import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import ClassVar, Literal

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.http.exchange import Streamed
from tollway.limits.away import WhenAway, uncounted
from tollway.limits.in_flight import Capping, Local, Seats, Slots
from tollway.limits.plans import Cap, Caps, caps_of
from tollway.limits.subjects import Rules
from tollway.problems import QuotaExceeded, Unavailable
from tollway.strict import Strict

Admission = Callable[[tuple[Slots, ...]], Awaitable[None]]
_AGAIN = 1.0
"""Seconds after which a refused caller may try again."""


class Concurrency(Strict):
    """Admits as many requests at a time as every cap of a caller allows: those of its plan, and the product's own.

    A request is in flight until its answer has ended, a streamed one's last chunk included.
    """

    after: ClassVar[tuple[str, ...]] = ("correlation", "authenticate")
    in_flight: Caps = ()
    """Caps for all callers of the product, besides their plan's: a number per client, or several, also with `per` and
    `operations`."""
    counted: Literal["memory", "leased"] = "leased"
    """Where they are counted if a Redis is configured: `leased` lets each gateway lease slots that come free when it
    dies, `memory` counts in each gateway by itself, as all do without a Redis."""
    when_away: WhenAway = "open"
    """What becomes of requests that need another slot while Redis does not answer: `open` admits them, `closed` refuses
    them with 503 and Retry-After."""

    def __post_init__(self) -> None:
        caps_of(self.in_flight)

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        planned = {name: caps_of(plan.in_flight) for name, plan in resources.plans.plans.items()}
        known = {operation.id for operation in resources.contract.operations}
        rules = Rules(caps_of(self.in_flight), planned, resources.plans, known)
        capping = _capping(self.counted, resources)
        seats = Seats(capping, resources.product)
        find, key, clock = seats.known.get, rules.key, time.monotonic
        admit = self._admission(capping, resources)

        async def handle(request: GatewayRequest) -> GatewayResponse:
            caller = key(request)
            slots = find(caller)
            if slots is None:
                slots = seats.open(caller, _caps(rules, request))
            now = clock()
            for each in slots:
                if each.used >= each.held or now >= each.end:
                    await admit(slots)
                    break
            for each in slots:
                each.used += 1
                each.peak = max(each.peak, each.used)
            streaming = False
            try:
                response = await following(request)
                if response.stream is not None:
                    response.stream, streaming = Streamed(response.stream, partial(_release, slots)), True
                return response
            finally:
                if not streaming:
                    _release(slots)

        return handle

    def _admission(self, capping: Capping, resources: PolicyResources) -> Admission:
        """What to do where no slot is free here: returns when there is one, or when it does not matter."""
        away = uncounted(resources.gateway.metrics, resources.product, "concurrency", self.when_away)
        refused = resources.gateway.metrics.counter(
            "in_flight_limited", "Requests beyond a cap of their plan or product.", ("product",)
        ).series((resources.product,))
        closed = self.when_away == "closed"

        async def admit(slots: tuple[Slots, ...]) -> None:
            try:
                await capping.more(slots)
            except Unavailable:
                away[0] += 1
                if closed:
                    raise
                return
            for each in slots:
                if each.used >= each.held:
                    refused[0] += 1
                    raise QuotaExceeded(
                        f"The plan allows {each.most} requests at a time, and as many are in flight.",
                        retry_after=_AGAIN,
                    )

        return admit


def _release(slots: tuple[Slots, ...]) -> None:
    for each in slots:
        each.used -= 1


def _caps(rules: Rules[Cap], request: GatewayRequest) -> Iterator[tuple[str, str, int]]:
    """The caps that hold for a request, each with its scope and whom it counts."""
    for cap, counted in rules.holding(request):
        yield cap.scope, counted, cap.most


def _capping(counted: str, resources: PolicyResources) -> Capping:
    """Where the product's requests in flight are counted, before and after a reload of the routes."""
    shared = resources.gateway.shared_rates
    if shared is None or counted == "memory":
        return resources.keep("concurrency in memory", Local)
    from tollway.limits.shared_slots import SharedSlots  # noqa: PLC0415 - Redis' library is loaded where it is configured

    return resources.keep("concurrency leased", lambda: SharedSlots(shared))
