"""Every call reaches the ERP of the legal entity it is about, and no other."""

import inspect
from typing import Any

import pytest

from system_apis.erp.by_entity import ErpByLegalEntity
from tollway.canonical.customer import CustomerQuery
from tollway.ports.erp import Erp
from tollway.problems import Rejected
from tollway.settings import LegalEntity

OPERATIONS = [name for name, member in inspect.getmembers(Erp, inspect.isfunction) if not name.startswith("_")]


class Recorder:
    """An ERP that answers with its own name and what it was asked."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, operation: str) -> Any:
        async def answer(*given: Any) -> Any:
            return self._name, operation, given

        return answer


class About:
    """Something of a legal entity."""

    def __init__(self, legal_entity: str) -> None:
        self.legal_entity = legal_entity


def _entity(erp: str) -> LegalEntity:
    return LegalEntity(name="Firm", country="GB", currencies=["GBP"], erp=erp)


@pytest.fixture
def erp() -> ErpByLegalEntity:
    connections: dict[str, Any] = {"books": Recorder("books"), "ledger": Recorder("ledger")}
    return ErpByLegalEntity({"UK": _entity("books"), "DE": _entity("ledger")}, connections)


def _arguments(operation: str, legal_entity: str) -> list[Any]:
    """Arguments that speak of a legal entity in the way the operation takes it."""
    parameters = list(inspect.signature(getattr(Erp, operation)).parameters)[1:]
    if "legal_entity" in parameters:
        return [legal_entity if parameter == "legal_entity" else parameter for parameter in parameters]
    return [*parameters[:-1], About(legal_entity)]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("legal_entity", "connection"), [("UK", "books"), ("DE", "ledger")])
async def test_every_operation_reaches_the_entitys_erp(
    erp: ErpByLegalEntity, operation: str, legal_entity: str, connection: str
) -> None:
    """Each operation of the port is passed on, arguments in order."""
    given = _arguments(operation, legal_entity)
    answer = await getattr(erp, operation)(*given)
    expected = None if operation == "close_project" else (connection, operation, tuple(given))
    assert answer == expected


async def test_an_unknown_legal_entity_is_refused_by_name(erp: ErpByLegalEntity) -> None:
    """The refusal names the setting to add."""
    with pytest.raises(Rejected, match=r"legal_entities\.FR") as refused:
        await erp.match_customers(CustomerQuery(legal_entity="FR", account_id="A", name="Acme"))
    assert refused.value.category == "unmapped_legal_entity"
