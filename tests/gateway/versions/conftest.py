"""What tests of versions need: requests of an older contract, and a newer version that answers what it is told to."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from gateway.versions.finance_v1 import CHANGE
from gateway.versions.serving import transformed
from policies.base import GatewayRequest, GatewayResources, GatewayResponse, Handler, PolicyResources
from policies.request_contract import RequestContract
from tollway.contracts import published
from tollway.contracts.published import Contract
from tollway.oauth.resource_server import resource_server
from tollway.settings import GatewaySettings

CONTRACTS = Path(__file__).parents[3] / "openapi"


class Newer:
    """The newer version's handler: keeps what it was asked, answers what it was given or raises it."""

    def __init__(self, answer: GatewayResponse | Exception) -> None:
        self._answer = answer
        self.asked: list[GatewayRequest] = []

    async def __call__(self, request: GatewayRequest) -> GatewayResponse:
        self.asked.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.fixture(scope="session")
def contract_v1() -> Contract:
    """The frozen contract."""
    return published.load(CONTRACTS, "experience/finance.v1.yaml")


@pytest.fixture(scope="session")
def contract_v2() -> Contract:
    """The contract that the service has; idempotency keys are asked for by that of the version that is called."""
    document = published.load(CONTRACTS, "experience/finance.v2.yaml").document
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [
                given for given in operation.get("parameters", ()) if given.get("name") != "Idempotency-Key"
            ]
    return Contract(document, "experience/finance.v2.yaml")


@pytest.fixture(scope="session")
def make_newer() -> type[Newer]:
    """Makes newer versions."""
    return Newer


@pytest.fixture(scope="session")
def make_request() -> Callable[..., GatewayRequest]:
    """Makes requests to a contract; a body is given as the value that its JSON stands for."""

    def make(
        contract: Contract, method: str, target: str, *, headers: dict[str, str] | None = None, body: Any = None
    ) -> GatewayRequest:
        path, _, query = target.partition("?")
        content = b"" if body is None else msgspec.json.encode(body)

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        return GatewayRequest(
            method=method,
            raw_path=path.encode(),
            query=query.encode(),
            headers=[(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            receive=receive,
            address="192.0.2.1",
            contract=contract,
        )

    return make


@pytest.fixture(scope="session")
def complaints() -> Callable[[Contract, str, str, Any], list[str]]:
    """Lists what a contract has against the body of an operation's answer, read by a validator of the tests' own."""
    validators: dict[tuple[str, str, str], jsonschema_rs.Draft202012Validator] = {}

    def of(contract: Contract, operation: str, status: str, body: Any) -> list[str]:
        key = (contract.source, operation, status)
        if key not in validators:
            schema = {**_schema(contract.document, operation, status), "components": contract.document["components"]}
            validators[key] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        return [f"{error.instance_path}: {error.message}" for error in validators[key].iter_errors(body)]

    return of


def _schema(document: dict[str, Any], operation: str, status: str) -> dict[str, Any]:
    """The schema of an answer's body."""
    responses = next(
        item["responses"]
        for path in document["paths"].values()
        for item in path.values()
        if item["operationId"] == operation
    )
    response = responses.get(status, responses["default"])
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    ((_, media),) = response["content"].items()
    return dict(media["schema"])


@pytest.fixture(scope="session")
def serve(contract_v1: Contract, contract_v2: Contract) -> Callable[[Handler], Handler]:
    """Makes finance v1 over a newer version, both holding requests to their contracts."""
    gateway = GatewayResources(oauth=resource_server(GatewaySettings(), secret="k" * 40))

    def checked(handler: Handler, contract: Contract) -> Handler:
        return RequestContract().wrap(handler, PolicyResources(product="finance", contract=contract, gateway=gateway))

    def over(newer: Handler) -> Handler:
        return checked(
            transformed(checked(newer, contract_v2), CHANGE, older=contract_v1, newer=contract_v2), contract_v1
        )

    return over


@pytest.fixture(scope="session")
def tell(serve, make_request, contract_v1: Contract) -> Callable[[str, Any], Any]:
    """Asks finance v1 for an operation and gives back the body that it makes of v2's."""
    paths = {operation.id: operation.path for operation in contract_v1.operations}

    async def told(operation: str, newer: Any) -> Any:
        answer = GatewayResponse(200, [(b"content-type", b"application/json")], msgspec.json.encode(newer))
        path = re.sub(r"\{[a-z_]+\}", "PRJ-7", paths[operation])
        answer = await serve(Newer(answer))(make_request(contract_v1, "GET", path))
        assert answer.status == 200
        return msgspec.json.decode(answer.body)

    return told
