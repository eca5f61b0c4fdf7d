"""The links that generated contracts have."""

import msgspec
import pytest
from litestar import get, post

from tollway.canonical.record import FreeText, Identifier, Many, Record
from tollway.cli.contracts import contracts
from tollway.contracts.document import document


class Shop(Record):
    """A shop."""

    number: Identifier
    owner_id: Identifier
    name: FreeText = ""


class Order(Record):
    """An order."""

    shop_number: Identifier


class Taken(Record):
    """Taken on."""

    process_id: Identifier


@get("/a/v1/shops", opt={"scope": "a:read"})
async def list_shops() -> Many[Shop]:
    """Shops."""


@get("/a/v1/shops/{number:str}", opt={"scope": "a:read"})
async def get_shop(number: Identifier) -> Shop:
    """A shop."""


@get("/a/v1/shops/{number:str}/stock", opt={"scope": "a:read"})
async def get_stock(number: Identifier) -> Taken:
    """Its stock."""


@get("/a/v1/owners/{owner_id:str}", opt={"scope": "a:read"})
async def get_owner(owner_id: Identifier) -> Taken:
    """An owner."""


@post("/a/v1/orders", opt={"scope": "a:write"})
async def send_order(data: Order) -> Taken:
    """Order."""


@pytest.fixture(scope="module")
def links():
    """The links of each operation: what the next one's parameters are taken from."""
    made = document("A", "1.0.0", [list_shops, get_shop, get_stock, get_owner, send_order])
    return {
        (method, path): {
            target.partition("/a/v1")[2]: link["parameters"]
            for target, link in next(iter(operation["responses"].values())).get("links", {}).items()
        }
        for path, item in made["paths"].items()
        for method, operation in item.items()
    }


def test_an_answer_names_what_the_next_operation_asks_for(links):
    """A field that has the full name of what a path parameter names is linked to it."""
    assert links["get", "/a/v1/shops/{number}"] == {"/owners/{owner_id}": {"owner_id": "$response.body#/owner_id"}}


def test_a_list_links_by_its_first_item(links):
    """Of a list, the first item leads on."""
    assert links["get", "/a/v1/shops"] == {
        "/owners/{owner_id}": {"owner_id": "$response.body#/0/owner_id"},
        "/shops/{number}": {"number": "$response.body#/0/number"},
        "/shops/{number}/stock": {"number": "$response.body#/0/number"},
    }


def test_what_was_sent_links_where_the_answer_does_not(links):
    """A change that answers little is followed by what its request names."""
    assert links["post", "/a/v1/orders"] == {
        "/shops/{number}": {"number": "$request.body#/shop_number"},
        "/shops/{number}/stock": {"number": "$request.body#/shop_number"},
    }


def test_what_only_the_path_knew_before_is_no_link(links):
    """An operation links to no other by nothing but its own address, and to none that it names nothing of."""
    assert links["get", "/a/v1/shops/{number}/stock"] == {}


def test_published_links_lead_to_operations_with_those_parameters():
    """Every link of every contract names an operation of the same contract, with exactly its path's parameters."""
    for text in contracts().values():
        made = msgspec.yaml.decode(text)
        paths = {
            operation["operationId"]: {part.strip("{}") for part in path.split("/") if part.startswith("{")}
            for path, item in made["paths"].items()
            for operation in item.values()
        }
        for item in made["paths"].values():
            for operation in item.values():
                for answer in operation["responses"].values():
                    for link in answer.get("links", {}).values():
                        assert link["parameters"].keys() == paths[link["operationId"]]
