"""The committed contracts are the ones that the code enforces."""

import msgspec
import pytest
import yaml

from tollway.cli import contracts
from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.contracts.published import METHODS
from tollway.http import parameters
from tollway.problems import Problem
from tollway.service import create_service

NAMES = list(SERVICES)


def _committed(name: str) -> dict:
    return yaml.safe_load((CONTRACTS / SERVICES[name].contract(name)).read_text("utf-8"))


def _operations(document: dict):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_no_contract_has_drifted():
    """Every committed contract is what the handlers say now, and there is no file beside them."""
    committed = {str(path.relative_to(CONTRACTS)): path.read_text("utf-8") for path in CONTRACTS.rglob("*.*")}
    assert committed == contracts.contracts(), "run `make openapi` and read the difference"


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_what_msgspec_enforces(name):
    """Every component is msgspec's own schema of the type that decodes or encodes it, constraint by constraint."""
    kinds = [Problem]
    for handler in _handlers(name):
        kinds += [parameter.annotation for parameter in parameters.of(handler)]
        kinds.append(handler.parsed_fn_signature.return_type.raw)
        if handler.parsed_data_field:
            kinds.append(handler.parsed_data_field.raw)
    _, expected = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    assert _committed(name)["components"]["schemas"] == msgspec.json.decode(msgspec.json.encode(expected))


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_says_what_a_caller_needs(name):
    """Each has an id of its own, words, its security, and the problem document that its errors are."""
    document = _committed(name)
    layer = SERVICES[name].layer
    ids = []
    for path, _, operation in _operations(document):
        ids.append(operation["operationId"])
        assert operation["summary"]
        (way,) = operation["security"]
        assert ("oauth2" in way) == (layer == "experience")
        assert all(scope.startswith(f"{name}:") for scope in way.get("oauth2", ()))
        assert operation["responses"]["default"]["content"] == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
        declared = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
        assert declared == {part.strip("{}") for part in path.split("/") if part.startswith("{")}
    assert len(ids) == len(set(ids)) == len(_handlers(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_object_takes_unknown_fields(name):
    """Every object that is sent or answered lists its fields; only documents about problems may grow."""
    growing = {"Problem", "Violation"}
    for title, schema in _committed(name)["components"]["schemas"].items():
        if schema.get("type") == "object" and title not in growing:
            assert schema["additionalProperties"] is False, title


def _handlers(name: str):
    ports = {"crm", "psa", "erp", "onboarding", "activation", "invoicing", "collections", "casework"}
    entry = SERVICES[name]
    app = create_service(name, entry.handlers, identity=None, dependencies=dict.fromkeys(ports))
    found = {handler for route in app.routes for handler in getattr(route, "route_handlers", ())}
    return [one for one in found if one.resolve_include_in_schema() and "OPTIONS" not in one.http_methods]
