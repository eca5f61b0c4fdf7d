"""Holds a caller to the scopes that its token grants."""

from collections.abc import Awaitable
from typing import ClassVar

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.problems import Forbidden
from tollway.strict import Strict


class Scopes(Strict):
    """Asks for the scope that the contract's `security` names for the operation."""

    after: ClassVar[tuple[str, ...]] = ("correlation", "authenticate")

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        contract = resources.contract
        silent = [operation.id for operation in contract.operations if operation.scopes is None]
        if silent:
            raise ValueError(f"the contract {contract.source} says no security for {', '.join(silent)}")

        challenges = resources.gateway.oauth.challenges(contract.operations[0].path)
        nobody: frozenset[str] = frozenset()

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            ways = request.operation.scopes
            granted = request.caller.scopes if request.caller else nobody
            for way in ways or ():
                if way <= granted:
                    return following(request)
            if not ways:  # open to anyone
                return following(request)
            needed = " ".join(sorted(ways[0]))
            raise Forbidden(
                f"The access token does not grant {needed}, which this operation asks for.",
                headers=challenges.insufficient(request.headers.get(b"authorization", b""), needed),
            )

        return handle
