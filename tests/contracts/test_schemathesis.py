"""What the contracts allow and forbid, tried out: over the gateway with tokens, over inner services as a service."""

from collections.abc import Callable
from functools import cache

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tollway.cli.catalogue import CONTRACTS, of_layer
from tollway.cli.contracts import files
from tollway.contracts.published import METHODS

GOOD = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BAD = [*GOOD, negative_data_rejection]
TOO_LARGE = 413
EXAMPLES = {"experience": 12, "process": 8, "system": 8}


@cache
def _document(file: str):
    return msgspec.yaml.decode((CONTRACTS / file).read_text("utf-8"))


def _operations():
    for file in files(CONTRACTS):
        document = _document(file)
        layer, _, named = file.partition("/")
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield pytest.param(file, path, method, id=f"{layer}-{named}-{item[method]['operationId']}")


def _service(file: str) -> str:
    return file.rpartition("/")[2].split(".")[0]


@cache
def _contract(file: str):
    return schemathesis.openapi.from_dict(_document(file))


def _operation(file: str, path: str, method: str):
    return _contract(file)[path][method]


def _try(operation, mode: GenerationMode, examples: int, call: Callable[[schemathesis.Case], None]) -> None:
    """Make calls from the contract, the same on every run."""
    run = given(case=operation.as_strategy(generation_mode=mode))(call)
    bounded = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    bounded(run)()


@pytest.mark.parametrize(("file", "path", "method"), _operations())
def test_what_the_contract_allows_is_answered_by_it(served, file, path, method):
    """Whatever the contract allows, the answer is no crash and one that the contract describes."""

    def call(case: schemathesis.Case) -> None:
        answer = case.call(base_url=served.url(_service(file)), headers=served.headers(_service(file)), timeout=20)
        case.validate_response(answer, checks=GOOD)

    _try(_operation(file, path, method), GenerationMode.POSITIVE, EXAMPLES[file.partition("/")[0]], call)


@pytest.mark.parametrize(("file", "path", "method"), _operations())
def test_what_the_contract_forbids_is_refused(served, file, path, method):
    """Whatever the contract forbids is refused with a problem document."""

    def call(case: schemathesis.Case) -> None:
        answer = case.call(base_url=served.url(_service(file)), headers=served.headers(_service(file)), timeout=20)
        if answer.status_code != TOO_LARGE:  # a list beyond its bound can be more than a service reads
            case.validate_response(answer, checks=BAD)

    _try(_operation(file, path, method), GenerationMode.NEGATIVE, EXAMPLES[file.partition("/")[0]], call)


@pytest.mark.parametrize(("file", "path", "method"), _operations())
def test_nobody_is_let_in_without_credentials(served, file, path, method):
    """Every operation asks who is calling before it looks at anything else."""

    def call(case: schemathesis.Case) -> None:
        answer = case.call(base_url=served.url(_service(file)), timeout=20)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == ["application/problem+json"]

    _try(_operation(file, path, method), GenerationMode.POSITIVE, 1, call)


@pytest.mark.parametrize("name", of_layer("process") + of_layer("system"))
def test_a_service_takes_only_calls_that_are_meant_for_it(served, name):
    """An identity signed for another service is refused."""
    other = next(one for one in of_layer("process") if one != name)

    def call(case: schemathesis.Case) -> None:
        answer = case.call(base_url=served.url(name), headers=served.headers(other), timeout=20)
        assert answer.status_code == 401

    first = next(one.values for one in _operations() if _service(one.values[0]) == name)
    _try(_operation(*first), GenerationMode.POSITIVE, 1, call)
