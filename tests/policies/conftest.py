"""What a policy's test needs: a small contract, requests to it, and a clock that is moved by hand."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from policies.base import Caller, GatewayRequest, GatewayResources, GatewayResponse, Handler, PolicyResources
from tollway.contracts.published import Contract
from tollway.oauth.resource_server import resource_server
from tollway.settings import GatewaySettings

JSON = {"content-type": "application/json"}
CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1.0.0"},
    "paths": {
        "/orders/v1/orders": {
            "get": {
                "operationId": "listOrders",
                "security": [{"oauth2": ["orders:read"]}],
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}},
                    {"name": "state", "in": "query", "schema": {"type": "array", "items": {"enum": ["open", "done"]}}},
                    {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                    {"name": "X-Shop", "in": "header", "required": True, "schema": {"type": "string", "minLength": 2}},
                ],
            },
            "post": {
                "operationId": "createOrder",
                "security": [{"oauth2": ["orders:write"]}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                },
            },
        },
        "/orders/v1/orders/{order_id}": {
            "get": {
                "operationId": "getOrder",
                "security": [{"oauth2": ["orders:read"]}, {"oauth2": ["orders:write"]}],
                "parameters": [
                    {"name": "order_id", "in": "path", "required": True,
                     "schema": {"type": "string", "pattern": "^[0-9]+$"}}
                ],
            }
        },
        "/orders/v1/orders/summary": {"get": {"operationId": "getSummary", "security": []}},
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                    "gift/wrap": {"type": "boolean"},
                    "contact": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Contact"}]},
                },
                "required": ["id", "lines"],
                "additionalProperties": False,
            },
            "Line": {
                "type": "object",
                "properties": {"amount": {"type": "string", "pattern": "^[0-9]+$"}, "count": {"type": "integer"}},
                "required": ["amount"],
            },
            "Contact": {"type": "object", "properties": {"email": {"type": "string"}}, "required": ["email"]},
        }
    },
}  # fmt: skip


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def contract() -> Contract:
    return Contract(msgspec.json.decode(msgspec.json.encode(CONTRACT)), "orders.v1.yaml")


@pytest.fixture
def resources(contract: Contract, clock: Clock) -> PolicyResources:
    """What policies are given, without any issuer."""
    gateway = GatewayResources(oauth=resource_server(GatewaySettings(), secret="k" * 40, clock=clock), clock=clock)
    return PolicyResources(product="orders", contract=contract, gateway=gateway)


@pytest.fixture
def make_request(contract: Contract) -> Callable[..., GatewayRequest]:
    """Makes requests; the body arrives in the chunks given."""

    def make(
        method: str = "GET",
        target: str = "/orders/v1/orders/1",
        *,
        headers: Mapping[str, str] | None = None,
        chunks: tuple[bytes, ...] = (b"",),
        caller: Caller | None = None,
        address: str = "192.0.2.1",
    ) -> GatewayRequest:
        path, _, query = target.partition("?")
        messages = [
            {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}
            for place, chunk in enumerate(chunks, 1)
        ]

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        request = GatewayRequest(
            method=method,
            raw_path=path.encode(),
            query=query.encode(),
            headers=[(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            receive=receive,
            address=address,
            contract=contract,
        )
        request.caller = caller
        return request

    return make


@pytest.fixture
def following() -> Handler:
    """The next handler, which answers 200 to whatever reaches it."""

    async def answer(_: GatewayRequest) -> GatewayResponse:
        return GatewayResponse(200, [], b"reached")

    return answer


@pytest.fixture
def caller() -> Callable[..., Caller]:
    """Makes callers with scopes."""
    return lambda *scopes, client="shop": Caller(client, client, frozenset(scopes), 2e9)
