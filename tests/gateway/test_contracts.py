"""The OpenAPI documents that services publish, and that services keep to them."""

import json
from typing import Annotated, Any

import jsonschema_rs
import msgspec
import pytest
from litestar import get, post
from litestar.params import HeaderParameter

from system_apis.crm.api import HANDLERS as CRM
from system_apis.erp.api import HANDLERS as ERP
from system_apis.psa.api import HANDLERS as PSA
from tollway.canonical.deal import Deal
from tollway.canonical.record import Identifier, Timestamp
from tollway.context import new_context
from tollway.contracts.document import as_yaml, document
from tollway.contracts.published import Contract, load
from tollway.http.exchange import Call
from tollway.http.services import Services
from tollway.identity import HEADER, Identity
from tollway.problem_document import Problem
from tollway.problems import NoSuchRoute, StartupError
from tollway.service import create_service

APIS = {"crm": CRM, "psa": PSA, "erp": ERP}


@pytest.mark.parametrize("api", APIS)
def test_schemas_are_what_msgspec_enforces(api: str) -> None:
    """Every schema in the document equals msgspec's own, constraint by constraint."""
    types = [Problem, Deal] if api == "crm" else [Problem]
    types += [handler.parsed_fn_signature.return_type.raw for handler in APIS[api]]
    types += [handler.parsed_data_field.raw for handler in APIS[api] if handler.parsed_data_field]
    _, expected = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schemas = document(api, "1.0.0", APIS[api])["components"]["schemas"]
    # The end of a text is written as JSON Schema writes it.
    assert schemas == json.loads(msgspec.json.encode(expected).replace(rb"\\Z", b"$"))


def test_a_document_is_the_same_on_every_run_and_survives_its_file(tmp_path) -> None:
    """Whatever order the handlers come in, the file is the same, and reads back as the document."""
    one, other = document("erp", "1.0.0", ERP), document("erp", "1.0.0", list(reversed(ERP)))
    assert as_yaml(one) == as_yaml(other)
    assert "&id" not in as_yaml(one)
    (tmp_path / "erp.v1.yaml").write_text(as_yaml(one), "utf-8")
    assert load(tmp_path, "erp.v1.yaml").document == one


@pytest.mark.parametrize("api", APIS)
def test_documents_are_openapi(api: str) -> None:
    """Every schema compiles, every operation has an id, words, a tag, its security and a problem for its errors."""
    made = document(api, "1.0.0", APIS[api])
    contract = Contract(made, api)
    assert len({operation.id for operation in contract.operations}) == len(APIS[api])
    for item in made["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            assert operation["tags"] == [api]
            assert operation["security"] == [{"serviceIdentity": []}]
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Refused"}
    assert "application/problem+json" in made["components"]["responses"]["Refused"]["content"]
    assert made["components"]["securitySchemes"]["serviceIdentity"]["name"] == HEADER.decode()


def test_a_service_is_documented_like_its_handlers() -> None:
    """The document of a running service has its operations, and neither health checks nor middleware."""
    service = create_service("crm", CRM, identity=None, dependencies={"crm": None})
    assert document("crm", "1.0.0", service) == document("crm", "1.0.0", CRM)


@get("/a/v1/things/{thing_id:str}", opt={"scope": "things:read"})
async def get_thing(
    thing_id: Identifier,
    moment: Timestamp,
    x_shop: Annotated[str, msgspec.Meta(min_length=2), HeaderParameter(name="X-Shop")],
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1,
    tag: list[Identifier] | None = None,
) -> dict[str, int]:
    """A thing.

    With more words.
    """
    return {thing_id: count}


@post("/a/v1/things", opt={"public": True}, status_code=202)
async def send_thing(data: Deal) -> None:
    """Send a thing."""


def test_scopes_and_parameters_are_exact() -> None:
    """Scopes come from the handler's opt, and parameters carry every constraint of their annotation."""
    made = document("A", "1.0.0", [get_thing, send_thing])
    operation = made["paths"]["/a/v1/things/{thing_id}"]["get"]
    assert (operation["summary"], operation["description"]) == ("A thing", "With more words.")
    assert operation["security"] == [{"oauth2": ["things:read"]}]
    assert made["paths"]["/a/v1/things"]["post"]["security"] == []
    assert made["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"] == {
        "things:read": "Read through the things API."
    }
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert [(p["in"], p["required"]) for p in parameters.values()] == [
        ("path", True), ("query", True), ("header", True), ("query", False), ("query", False),
    ]  # fmt: skip
    assert parameters["thing_id"]["schema"]["pattern"] == r"^[A-Za-z0-9][A-Za-z0-9._:\-]*$"
    assert parameters["moment"]["schema"] == {"type": "string", "format": "date-time"}
    assert parameters["X-Shop"]["schema"] == {"type": "string", "minLength": 2}
    assert parameters["count"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 1}


GOOD = "/a/v1/things/T-1?moment=2026-01-01T00:00:00Z"
SHOP = {"x-shop": "north"}


@pytest.mark.parametrize(
    ("target", "headers", "wrong"),
    [
        (GOOD, SHOP, []),
        (f"{GOOD}&count=9&tag=a&tag=b", SHOP, []),
        ("/a/v1/things/-x?moment=2026-01-01T00:00:00Z", SHOP, ["/path/thing_id"]),
        (f"/a/v1/things/{'x' * 121}?moment=2026-01-01T00:00:00Z", SHOP, ["/path/thing_id"]),
        ("/a/v1/things/T-1?moment=2026-01-01T00:00:00", SHOP, ["/query/moment"]),
        ("/a/v1/things/T-1", SHOP, ["/query/moment"]),
        (f"{GOOD}&count=10", SHOP, ["/query/count"]),
        (f"{GOOD}&tag=a&tag=-", SHOP, ["/query/tag"]),
        (GOOD, {"x-shop": "n"}, ["/header/X-Shop"]),
        (GOOD, {}, ["/header/X-Shop"]),
        ("/a/v1/things/-?moment=x&count=0", {}, ["/path/thing_id", "/query/moment", "/header/X-Shop", "/query/count"]),
    ],
)
async def test_a_running_service_enforces_its_parameters(
    target: str, headers: dict[str, str], wrong: list[str]
) -> None:
    """A service refuses, listing every violation, exactly the parameters that its document does not allow."""
    identity = Identity("k" * 40)
    services = Services(identity)
    services.host("a", create_service("a", [get_thing, send_thing], identity=identity))
    path, _, query = target.partition("?")
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = await services.send("test", "a", Call("GET", path, query.encode(), pairs, b""), new_context())
    assert answer.status == (422 if wrong else 200), answer.body
    assert [violation["pointer"] for violation in json.loads(answer.body).get("violations", ())] == wrong


def test_what_msgspec_takes_the_contract_takes() -> None:
    """A deal as the service writes it keeps to the published schema."""
    deal: Any = {"id": "D-1", "name": "Deal", "value": {"amount": "10.00", "currency": "EUR"},
                 "changed_at": "2026-01-01T00:00:00Z", "start": "2026-01-01"}  # fmt: skip
    written = json.loads(msgspec.json.encode(msgspec.convert(deal, Deal)))
    made = document("crm", "1.0.0", CRM)
    schema = {"$ref": "#/components/schemas/Deal", "components": made["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert validator.is_valid(written)
    assert not validator.is_valid(written | {"extra": 1})
    assert not validator.is_valid(written | {"id": "-"})


@pytest.mark.parametrize("text", ["", "[]", "openapi: 3.1.0", "paths: {/a: {get: {parameters: [{}]}}}", "a: ["])
def test_what_is_no_contract_is_refused_by_name(tmp_path, text: str) -> None:
    """A file that is no OpenAPI document keeps the gateway from starting, and is named."""
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(StartupError, match=r"a\.yaml"):
        load(tmp_path, "a.yaml")


def test_paths_are_found_past_dead_ends() -> None:
    """A fixed segment that leads nowhere does not hide a variable one that does."""
    operation = {"operationId": "x", "security": []}
    paths = {"/a/{b}/c": {"get": operation | {"operationId": "variable"}}, "/a/b/d": {"get": operation}}
    contract = Contract({"paths": paths}, "x")
    found, values = contract.find("GET", "/a/b/c")
    assert (found.id, values) == ("variable", {"b": "b"})
    with pytest.raises(NoSuchRoute):
        contract.find("GET", "/a//c")
