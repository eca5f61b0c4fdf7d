"""Casework as the other services see it."""

import contextlib

from tollway import context
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.process import ProcessState
from tollway.cases import Cases
from tollway.engine import Engine
from tollway.ports.activation import Activation
from tollway.ports.invoicing import Invoicing
from tollway.problems import NotFound

COMPENSATED = ("customer-onboarding", "project-activation")
"""Processes whose cancellation takes the deal's activation back, as far as it got."""
BILLING = "invoice-generation"
"""The process whose cancellation releases the work that it claimed."""


class DealCasework:
    """Implements the casework port."""

    def __init__(self, cases: Cases, engine: Engine, activation: Activation, invoicing: Invoicing) -> None:
        self._cases = cases
        self._engine = engine
        self._activation = activation
        self._invoicing = invoicing

    async def cases(self, status: CaseStatus | None, subject: str) -> list[Case]:
        return await self._cases.list(status, subject)

    async def case(self, case_id: str) -> Case | None:
        with contextlib.suppress(NotFound):
            return await self._cases.get(case_id)
        return None

    async def retry(self, case_id: str) -> Case:
        case = await self._cases.retrying(case_id)
        await self._engine.retry(case.process_id)
        return case

    async def cancel(self, case_id: str) -> Case:
        given_up = await self._cases.get(case_id)
        if given_up.process == BILLING and given_up.status is CaseStatus.OPEN:  # a run being retried needs its claims
            await self._invoicing.give_up(given_up.process_id)
        case = await self._cases.cancel(case_id, context.current().subject or "operations")
        if case.process in COMPENSATED:
            await self._activation.cancel(case.subject)
        return case

    async def process(self, process_id: str) -> ProcessState | None:
        with contextlib.suppress(NotFound):
            return await self._engine.state(process_id)
        return None
