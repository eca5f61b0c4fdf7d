"""The object access policy: callers that are restricted to customers see only those customers' objects."""

from typing import Any

import msgspec
import pytest

from policies.base import Caller, GatewayResponse
from policies.object_access import ObjectAccess
from tollway.cli.catalogue import CONTRACTS, of_layer
from tollway.contracts import published
from tollway.contracts.published import METHODS, Contract
from tollway.problems import Forbidden, NotFound, Unavailable

PARAMETER = {"in": "path", "required": True, "schema": {"type": "string"}}
ORDER = [PARAMETER | {"name": "id"}]
SECURITY = [{"oauth2": ["orders:read"]}]
OF_ORDER = {"operation": "getOrder", "pointer": "/customer/id"}
OPERATIONS = {
    "/orders/v1/orders/{id}": {
        "get": {"operationId": "getOrder", "parameters": ORDER, "x-tollway-owner": {"pointer": "/customer/id"}},
        "delete": {"operationId": "deleteOrder", "parameters": ORDER, "x-tollway-owner": OF_ORDER},
        "patch": {"operationId": "changeOrder", "parameters": ORDER},
    },
    "/orders/v1/orders/{id}/items": {
        "get": {"operationId": "listItems", "parameters": ORDER, "x-tollway-owner": OF_ORDER},
    },
    "/orders/v1/parcels/{number}": {
        "get": {
            "operationId": "getParcel",
            "parameters": [PARAMETER | {"name": "number"}],
            "x-tollway-owner": OF_ORDER | {"with": {"id": "/order"}},
        }
    },
    "/orders/v1/orders": {
        "get": {
            "operationId": "listOrders",
            "parameters": [{"name": "customer", "in": "query", "schema": {"type": "string"}}],
            "x-tollway-owner": {"query": "customer"},
        },
        "post": {"operationId": "copyOrder", "x-tollway-owner": OF_ORDER | {"with": {"id": "/from/order"}}},
    },
    "/orders/v1/status": {"get": {"operationId": "getStatus", "security": []}},
}
OWNERS = {"1": "A", "2": "B", "a b": "A"}
PARCELS = {"P1": "1", "P2": "2"}
OWN, OTHER = (
    Caller("portal", "u", frozenset(), 2e9, customers=frozenset(("A", "C"))),
    Caller("shop", "u", frozenset(), 2e9),
)


def contract(paths) -> Contract:
    secured = {
        path: {method: {"security": SECURITY, **operation} for method, operation in item.items()}
        for path, item in paths.items()
    }
    return Contract({"openapi": "3.1.0", "info": {"title": "Orders"}, "paths": secured}, "orders.v1.yaml")


class Shop:
    """The service: two orders and a parcel of each; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, request) -> GatewayResponse:
        self.asked.append(f"{request.method} {request.path}")
        values = request.path_values
        if "id" in values and values["id"] not in OWNERS:
            return GatewayResponse(404, [], b'{"detail": "the order was deleted"}')
        if request.operation.id == "getOrder":
            return answer({"customer": {"id": OWNERS[values["id"]]}, "total": 5})
        if request.operation.id == "getParcel":
            if values["number"] not in PARCELS:
                raise NotFound("No parcel in hall 7.")
            return answer({"order": PARCELS[values["number"]]})
        return answer({"done": True})


def answer(body) -> GatewayResponse:
    return GatewayResponse(200, [(b"content-type", b"application/json")], msgspec.json.encode(body))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def send(shop, resources, make_request):
    """Sends a request of a caller through the policy over the shop."""
    orders = contract(OPERATIONS)
    handler = ObjectAccess().wrap(shop, msgspec.structs.replace(resources, contract=orders))

    async def sent(caller, method, target, body=b"") -> GatewayResponse:
        request = make_request(method, target, chunks=(body,), caller=caller)
        request.contract = orders
        return await handler(request)

    return sent


async def test_unrestricted_callers_are_not_held_up(send, shop) -> None:
    """The firm's own applications reach every object, with no question more than their own."""
    for method, target in (("GET", "orders/2"), ("PATCH", "orders/2"), ("DELETE", "orders/2"), ("GET", "orders")):
        assert (await send(OTHER, method, f"/orders/v1/{target}")).status == 200
    assert len(shop.asked) == 4


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "orders/{}", ""),
        ("DELETE", "orders/{}", ""),
        ("GET", "orders/{}/items", ""),
        ("GET", "parcels/P{}", ""),
        ("POST", "orders", '{{"from": {{"order": "{}"}}}}'),
    ],
)
async def test_only_own_objects_are_there(send, shop, method, target, body) -> None:
    """An own object is answered; another's is the same 404, word for word, as one that does not exist."""
    own = await send(OWN, method, f"/orders/v1/{target.format(1)}", body.format(1).encode())
    assert own.status == 200
    told = []
    for number in (2, 3):
        with pytest.raises(NotFound) as caught:
            await send(OWN, method, f"/orders/v1/{target.format(number)}", body.format(number).encode())
        told.append(msgspec.to_builtins(caught.value.problem()))
    assert told[0] == told[1]
    unsafe = [asked for asked in shop.asked if not asked.startswith("GET")]
    assert len(unsafe) == (method != "GET")


async def test_ids_that_need_encoding_are_looked_up_as_they_are(send, shop) -> None:
    """The look-up names exactly the object that the request does."""
    assert (await send(OWN, "DELETE", "/orders/v1/orders/a%20b")).status == 200
    assert shop.asked == ["GET /orders/v1/orders/a%20b", "DELETE /orders/v1/orders/a%20b"]


async def test_lists_need_an_own_customer_as_their_filter(send, shop) -> None:
    """A list is asked for with an own customer; without, with another's or with several it is refused."""
    for query in ("customer=A", "customer=C", "customer=A&customer=C"):
        assert (await send(OWN, "GET", f"/orders/v1/orders?{query}")).status == 200
    asked = len(shop.asked)
    for query in ("", "?customer=", "?customer=B", "?customer=A&customer=B", "?customer=A%2CB", "?Customer=A"):
        with pytest.raises(Forbidden):
            await send(OWN, "GET", f"/orders/v1/orders{query}")
    assert len(shop.asked) == asked


async def test_what_the_contract_does_not_tell_of_is_closed(send, shop) -> None:
    """An operation without the extension is refused before the service sees it, unless it is open to anyone."""
    with pytest.raises(Forbidden):
        await send(OWN, "PATCH", "/orders/v1/orders/1")
    assert shop.asked == []
    assert (await send(OWN, "GET", "/orders/v1/status")).status == 200


async def test_a_caller_with_no_customers_sees_nothing(send) -> None:
    """An empty list of customers is a restriction, not the lack of one."""
    nobody = msgspec.structs.replace(OWN, customers=frozenset())
    with pytest.raises(NotFound):
        await send(nobody, "GET", "/orders/v1/orders/1")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 200),
        (b'{"customer": null}', 200),
        (b'{"customer": {"id": 5}}', 200),
        (b"[", 200),
        (b"", 304),
        (b"", 409),
    ],
)
async def test_an_answer_that_does_not_tell_is_not_shown(resources, make_request, body, status) -> None:
    """Where the answer does not hold the owner, whatever else it says stays inside."""

    async def vague(_) -> GatewayResponse:
        return GatewayResponse(status, [], body)

    orders = contract(OPERATIONS)
    handler = ObjectAccess().wrap(vague, msgspec.structs.replace(resources, contract=orders))
    request = make_request("GET", "/orders/v1/orders/1", caller=OWN)
    request.contract = orders
    with pytest.raises(NotFound):
        await handler(request)


async def test_a_look_up_that_fails_changes_nothing(resources, make_request) -> None:
    """While nobody can tell whose it is, an unsafe request is a 503 and never reaches the service."""
    asked = []

    async def failing(request) -> GatewayResponse:
        asked.append(request.method)
        return GatewayResponse(503, [], b"{}")

    orders = contract(OPERATIONS)
    handler = ObjectAccess().wrap(failing, msgspec.structs.replace(resources, contract=orders))
    request = make_request("DELETE", "/orders/v1/orders/1", caller=OWN)
    request.contract = orders
    with pytest.raises(Unavailable):
        await handler(request)
    assert asked == ["GET"]


@pytest.mark.parametrize(
    "owner",
    [
        {},
        {"pointer": "/a", "query": "customer"},
        {"query": "nothing"},
        {"operation": "unknown", "pointer": "/a"},
        {"operation": "deleteOrder", "pointer": "/a"},
        {"operation": "getParcel", "pointer": "/a"},
        {"pointer": "/a", "colour": "red"},
        {"pointer": 5},
    ],
)
def test_an_extension_that_makes_no_sense_stops_the_start(shop, resources, owner) -> None:
    """A declaration that could not be kept is found when the routes are built."""
    broken = OPERATIONS | {"/orders/v1/x/{id}": {"put": {"operationId": "broken", "parameters": ORDER}}}
    broken["/orders/v1/x/{id}"]["put"]["x-tollway-owner"] = owner
    with pytest.raises(ValueError, match="x-tollway-owner of broken"):
        ObjectAccess().wrap(shop, msgspec.structs.replace(resources, contract=contract(broken)))


def experience() -> list[tuple[str, str, str]]:
    """Every operation of every published experience contract that people call: file, method and path.

    What platforms call, and sign, has no caller whose objects could be told from another's.
    """
    files = sorted(path.name for path in (CONTRACTS / "experience").glob("*.yaml"))
    assert {file.split(".")[0] for file in files} == set(of_layer("experience"))
    loaded = {file: published.load(CONTRACTS / "experience", file) for file in files}
    return [
        (file, method.upper(), path)
        for file, one in loaded.items()
        for path, item in one.document["paths"].items()
        for method in METHODS
        if method in item and not signed(one.document, item[method])
    ]


def signed(document: dict[str, Any], operation: dict[str, Any]) -> bool:
    """Whether an operation is asked for by a signature of what is sent."""
    schemes = document["components"]["securitySchemes"]
    return any(schemes[name].get("x-signed") for asked in operation.get("security", []) for name in asked)


@pytest.mark.parametrize(("file", "method", "path"), experience())
async def test_no_published_operation_shows_another_customers_object(
    resources, make_request, file, method, path
) -> None:
    """Whatever operation a restricted caller tries on another customer's object, nothing is shown and nothing done."""
    one = published.load(CONTRACTS / "experience", file)
    done = []

    async def service(request) -> GatewayResponse:
        """Any object there is belongs to customer B, and says so wherever an object could."""
        if request.method != "GET":
            done.append(request.path)
        return answer({"account_id": "B", "customer_id": "B", "project_number": "PRJ-1", "secret": "of B"})

    handler = ObjectAccess().wrap(service, msgspec.structs.replace(resources, contract=one))
    target = path.replace("{", "").replace("}", "")
    shown = []
    for caller in (OWN, msgspec.structs.replace(OWN, customers=frozenset("B"))):
        request = make_request(method, target, chunks=(b'{"project_number": "PRJ-1"}',), caller=caller)
        request.contract = one
        try:
            shown.append((await handler(request)).status)
        except (NotFound, Forbidden) as error:
            shown.append(error.status)
    assert shown[0] in (403, 404)
    assert shown[1] == (200 if shown[0] == 404 else 403)
    assert not done


def test_a_portal_can_read_its_finance_data() -> None:
    """What a customer's portal needs is open to it: statements, the billing plan and invoices, and nothing else is."""
    finance = published.load(CONTRACTS / "experience", "finance.v2.yaml")
    open_to_portals = {
        operation["operationId"]
        for item in finance.document["paths"].values()
        for method, operation in item.items()
        if "x-tollway-owner" in operation
    }
    assert open_to_portals == {"getDealStatement", "getProjectStatement", "getBillingPlan", "getInvoice"}
