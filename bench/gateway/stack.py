"""The policies that are measured, in their order, and the routes written of them."""

from collections.abc import Sequence
from typing import Any

import yaml

from bench.gateway.invoices import PREFIX, SERVICE

Policies = Sequence[dict[str, dict[str, Any]]]

POLICIES: Policies = (
    {"telemetry": {}},
    {"correlation": {}},
    {"security_headers": {}},
    {"cors": {"origins": ["https://portal.example.com"]}},
    {"request_limits": {}},
    {"load_shedding": {}},
    {"authenticate": {}},
    {"rate_limit": {"limits": "60000000/minute;1000000/second"}},
    {"concurrency": {"in_flight": 1000}},
    {"scopes": {}},
    {"object_access": {}},
    {"request_contract": {}},
    {"response_contract": {"on_drift": "refuse"}},
    {"circuit_breaker": {}},
)
"""All policies that a money route has by default; a plan that the load does not use up."""

DURABLE: Policies = ({"audit": {}}, {"idempotency": {}})
"""The policies that keep what they do in a database, which no proxy here does: they are measured by themselves."""


def durable(policies: Policies) -> Policies:
    """The policies with those that keep what they do, where they belong: once it is known who may do it."""
    place = next(number for number, policy in enumerate(policies, 1) if "object_access" in policy)
    return [*policies[:place], *DURABLE, *policies[place:]]


def limited(policies: Policies, limits: str) -> Policies:
    """The policies with another plan."""
    return [{"rate_limit": policy["rate_limit"] | {"limits": limits}} if "rate_limit" in policy else policy
            for policy in policies]  # fmt: skip


def product(policies: Policies, contract: str, prefix: str = PREFIX, name: str = SERVICE) -> dict[str, Any]:
    """An API product of the measured service."""
    return {"name": name, "prefix": prefix, "service": SERVICE, "contract": contract, "policies": list(policies)}


def routes(*products: dict[str, Any]) -> str:
    """A `routes.yaml`."""
    return yaml.safe_dump({"products": list(products)}, sort_keys=False)
