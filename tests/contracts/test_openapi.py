"""The committed contracts are the ones that the code enforces."""

import msgspec
import pytest

from tollway.cli import contracts
from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.contracts.published import METHODS
from tollway.http import parameters
from tollway.problem_document import Problem
from tollway.service import create_service

NAMES = list(SERVICES)
FILES = [*(entry.contract(name) for name, entry in SERVICES.items()), *sorted(contracts.FROZEN)]


def _committed(file: str) -> dict:
    return msgspec.yaml.decode((CONTRACTS / file).read_text("utf-8"))


def _operations(document: dict):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_no_contract_has_drifted():
    """Every committed contract is what the handlers say now, and beside them are only those that are frozen."""
    released = CONTRACTS / contracts.RELEASED
    paths = [path for path in CONTRACTS.rglob("*.*") if released not in path.parents]
    committed = {str(path.relative_to(CONTRACTS)): path.read_text("utf-8") for path in paths}
    generated = {file: text for file, text in committed.items() if file not in contracts.FROZEN}
    assert generated == contracts.contracts() | contracts.asyncapi(), "run `make openapi` and read the difference"
    assert committed.keys() - generated.keys() == contracts.FROZEN


def test_frozen_contracts_are_left_alone(tmp_path):
    """Writing the contracts neither changes nor removes one that no handler has any more, and removes all others."""
    for file in (*contracts.FROZEN, "experience/forgotten.v1.yaml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("as it was", "utf-8")
    changed = contracts.write(tmp_path)
    assert set(changed) == contracts.contracts().keys() | {contracts.EVENTS, "experience/forgotten.v1.yaml"}
    assert {(tmp_path / file).read_text("utf-8") for file in contracts.FROZEN} == {"as it was"}
    assert not contracts.FROZEN & contracts.contracts().keys()


def test_a_frozen_contract_is_the_major_before_one_that_handlers_have():
    """What is kept is an older major version of an API whose newer one is generated, and says that it is deprecated."""
    for file in contracts.FROZEN:
        name, version, _ = file.rpartition("/")[2].split(".")
        assert SERVICES[name].major > int(version[1:])
        assert _committed(file)["info"]["version"].split(".")[0] == version[1:]
        assert all(operation["deprecated"] for _, _, operation in _operations(_committed(file)))


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_what_msgspec_enforces(name):
    """Every component is msgspec's own schema of the type that decodes or encodes it, constraint by constraint."""
    kinds = [Problem]
    for handler in _handlers(name):
        kinds += [parameter.annotation for parameter in parameters.of(handler)]
        if "stream" not in handler.opt:
            kinds.append(handler.parsed_fn_signature.return_type.raw)
        if handler.parsed_data_field:
            kinds.append(handler.parsed_data_field.raw)
    _, expected = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    document = _committed(SERVICES[name].contract(name))
    written = msgspec.json.encode(expected).replace(rb"\\Z", b"$")  # the end of a text as JSON Schema writes it
    assert document["components"]["schemas"] == msgspec.json.decode(written)
    assert len(list(_operations(document))) == len(_handlers(name))


@pytest.mark.parametrize("file", FILES)
def test_every_operation_says_what_a_caller_needs(file):
    """Each has an id of its own, words, its security, and the problem document that its errors are."""
    document = _committed(file)
    name = file.rpartition("/")[2].split(".")[0]
    layer = SERVICES[name].layer
    ids = []
    for path, _, operation in _operations(document):
        ids.append(operation["operationId"])
        assert operation["summary"]
        for way in operation["security"]:
            signed = document["components"]["securitySchemes"][next(iter(way))].get("x-signed", False)
            assert ("oauth2" in way) == (layer == "experience" and not signed)
            assert signed == (name == "webhooks")
            assert all(scope.startswith(f"{name}:") for scope in way.get("oauth2", ()))
        assert len(operation["security"]) == 1 or name == "webhooks"
        for status in ("401", "422", "429", "500", "default"):
            refusal = document["components"]["responses"][operation["responses"][status]["$ref"].rpartition("/")[2]]
            problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            assert refusal["content"] == problem
        declared = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
        assert declared == {part.strip("{}") for part in path.split("/") if part.startswith("{")}
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("file", FILES)
def test_no_object_takes_unknown_fields(file):
    """Every object that is sent or answered lists its fields; only documents about problems may grow."""
    growing = {"Problem", "Violation"}
    for title, schema in _committed(file)["components"]["schemas"].items():
        if schema.get("type") == "object" and title not in growing:
            assert schema["additionalProperties"] is False, title


def _handlers(name: str):
    ports = {
        "activation",
        "casework",
        "collections",
        "crm",
        "erp",
        "events",
        "feed",
        "history",
        "ingress",
        "invoicing",
        "onboarding",
        "psa",
        "reconciliations",
        "webhooks",
    }
    entry = SERVICES[name]
    app = create_service(name, entry.handlers, identity=None, dependencies=dict.fromkeys(ports))
    found = {handler for route in app.routes for handler in getattr(route, "route_handlers", ())}
    return [one for one in found if one.resolve_include_in_schema() and "OPTIONS" not in one.http_methods]
