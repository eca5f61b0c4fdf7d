"""Refuses work that would come too late anyway, bulk before interactive, so that what is accepted is done in time."""

import re
from typing import Annotated, ClassVar, Literal

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.problems import Overloaded
from tollway.resilience.load import Load
from tollway.strict import Strict

_URGENCY = re.compile(rb"(?:^|[,\s])u=([0-7])")
_BACKGROUND = b"5"
_SPREAD = 4
"""Those who are refused together are told to come again in as many different seconds."""
Class = Literal["interactive", "bulk"]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class LoadShedding(Strict):
    """Answers 503 with Retry-After while the process has more in flight, or is later with it, than is good.

    A caller may give way by itself: `Priority: u=5` (RFC 9218), or a higher number, makes its request bulk.
    """

    after: ClassVar[tuple[str, ...]] = ("correlation", "cors", "security_headers")
    kind: Class = "interactive"
    """The class of the product's requests: people wait for interactive ones, bulk gives way first."""
    bulk_operations: tuple[str, ...] = ()
    """The operations, by their id in the contract, that are bulk even so."""
    in_flight: Annotated[int, msgspec.Meta(gt=0)] = 400
    """Requests, of all products of the process, beyond which interactive ones are refused."""
    delay: Seconds = 0.4
    """Seconds that ready work may wait for the event loop before interactive requests are refused."""
    bulk_share: Share = 0.5
    """The part of `in_flight` that bulk may fill."""
    bulk_delay: Seconds = 0.1
    """Seconds of waiting from which on bulk is refused."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        self._check(resources)
        load = resources.gateway.keep("", "load", lambda: Load(resources.gateway.metrics))
        most, most_bulk = self.in_flight, int(self.in_flight * self.bulk_share)
        late_bulk = min(self.bulk_delay, self.delay)

        async def handle(request: GatewayRequest) -> GatewayResponse:
            if (load.in_flight >= most_bulk or load.delay >= late_bulk) and (
                load.in_flight >= most or load.delay >= self.delay or self._is_bulk(request)
            ):
                raise self._refusal(load, request, resources.product)
            load.enter()
            try:
                return await following(request)
            finally:
                load.leave()

        return handle

    def _check(self, resources: PolicyResources) -> None:
        known = {operation.id for operation in resources.contract.operations}
        if unknown := sorted(set(self.bulk_operations) - known):
            raise ValueError(f"the contract {resources.contract.source} has no operation {unknown[0]}")

    def _is_bulk(self, request: GatewayRequest) -> bool:
        if self.kind == "bulk":
            return True
        urgency = _URGENCY.search(request.headers.get(b"priority", b""))
        if urgency and urgency[1] >= _BACKGROUND:
            return True
        return bool(self.bulk_operations) and request.operation.id in self.bulk_operations

    def _refusal(self, load: Load, request: GatewayRequest, product: str) -> Overloaded:
        chosen: Class = "bulk" if self._is_bulk(request) else "interactive"
        refused = load.shed.series((product, chosen))
        refused[0] += 1
        return Overloaded(
            f"Too much is asked at once, so {chosen} requests are turned away for now; nothing happened.",
            retry_after=1 + refused[0] % _SPREAD,
        )
