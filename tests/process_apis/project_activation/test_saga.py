"""What an activation brings about is declared beside what undoes it."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from process_apis.project_activation.process import activate_project, activation_saga
from process_apis.project_activation.steps import ActivationSteps
from tollway.canonical.customer import Customer
from tollway.canonical.statement import ActivationOrder


class Noting:
    """The steps of activation, which only note that they are taken."""

    def __init__(self, contract: Any) -> None:
        self.did: list[str] = []
        for name, _ in inspect.getmembers(ActivationSteps, inspect.isfunction):
            if not name.startswith("_"):
                setattr(self, name, self._step(name, contract))

    def _step(self, name: str, contract: Any) -> Callable[[Any], Any]:
        async def step(_: Any) -> Any:
            self.did.append(name)
            await asyncio.sleep(0)
            return contract

        step.__name__ = name
        return step


@pytest.fixture
def steps(make_contract) -> Noting:
    return Noting(make_contract())


async def test_the_parts_are_those_of_the_process_in_its_order(steps, make_contract):
    """Every part of the saga is a step that the process takes, and parts stand in the order in which it does."""
    customer = Customer(id="1", number="C-1", name="Acme", legal_entity="NWC-US", account_id="ACC-1")
    await activate_project(steps, ActivationOrder(contract=make_contract(), customer=customer))
    parts = [part.done_by.__name__ for part in activation_saga(steps).parts]
    assert parts == [name for name in steps.did if name in parts]
    assert len(set(parts)) == len(parts)


async def test_the_crm_is_told_before_anything_is_closed(steps, make_contract):
    """Undone in reverse: the deal says so, then the ERP takes nothing more, then the PSA."""
    await activation_saga(steps).undo(make_contract())
    assert steps.did == ["report_cancelled", "close_erp_project", "cancel_psa_project"]
