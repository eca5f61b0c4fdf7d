"""Leaves a service alone that keeps failing, instead of having every caller wait for it."""

import time
from functools import partial
from typing import ClassVar

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.problems import ContractDrift, ProblemError
from tollway.resilience.breaker import Breaker, BreakerLimits
from tollway.service import is_away


class CircuitBreaker(BreakerLimits):
    """Answers 503 with Retry-After, without asking, while the circuit to the service is open.

    Products of one service share its circuit, which survives a reload of the routes.
    """

    after: ClassVar[tuple[str, ...]] = (
        "correlation", "cors", "request_limits", "load_shedding", "authenticate", "scopes", "rate_limit",
        "request_contract", "response_contract",
    )  # fmt: skip

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        upstream = resources.service or resources.product
        breaker = resources.gateway.keep(upstream, "circuit", lambda: Breaker(upstream, self))
        resources.when_taken.append(partial(setattr, breaker, "limits", self))
        counter = resources.gateway.metrics.counter("circuits_opened", "Circuits opened to a service.", ("service",))
        breaker.opened = counter.series((upstream,))

        async def handle(request: GatewayRequest) -> GatewayResponse:
            if not breaker.closed:
                breaker.admit()
            epoch, asked = breaker.epoch, time.monotonic()
            try:
                response = await following(request)
            except ProblemError as error:
                drifted = isinstance(error, ContractDrift)  # it answered, if not what the contract says
                if is_away(error.status) and not drifted and _had_its_time(request, asked, resources.timeout):
                    breaker.failed(epoch)
                else:
                    breaker.abandoned(epoch)
                raise
            except BaseException:
                breaker.abandoned(epoch)
                raise
            if is_away(response.status, response.headers):
                breaker.failed(epoch)
            else:
                breaker.answered(epoch)
            return response

        return handle


def _had_its_time(request: GatewayRequest, asked: float, timeout: float) -> bool:
    """Whether a silent service was given half of the product's time-out at least.

    Otherwise a caller with a short `Request-Timeout`, or a slow body, could close the service to the others.
    """
    now = time.monotonic()
    ends = request.started + timeout
    if request.deadline is not None:
        ends = min(ends, request.deadline)
    return now < ends or now - asked >= timeout / 2
