"""The verbs of project activation."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from process_apis.project_activation import plans
from process_apis.project_activation.engagements import Engagements, KeptPlans
from tollway import context
from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.contract import Contract
from tollway.canonical.deal import DealProgress
from tollway.canonical.project import Project, ProjectPlan
from tollway.canonical.record import Record
from tollway.canonical.statement import ActivationOrder
from tollway.cases import Cases
from tollway.cases.matters import Matters
from tollway.cases.skips import Skips
from tollway.effects import Changed, Effects
from tollway.engine import step
from tollway.ports.crm import Crm
from tollway.ports.erp import Erp
from tollway.ports.onboarding import Onboarding
from tollway.ports.psa import Psa

P = TypeVar("P", bound=Record)
ACTIVE, CANCELLED = "Active", "Cancelled"
"""What the CRM is told of a deal's project."""
SKIPPABLE = ("report_active",)
"""Steps that people may leave out: the CRM is not told, all else stands."""
SKIPPABLE_WHEN_CANCELLED = ("report_cancelled",)
"""The same, of the cancellation."""


class ActivationSteps:
    """What activation does, at the platforms it does it at."""

    def __init__(
        self,
        crm: Crm,
        psa: Psa,
        erp: Erp,
        onboarding: Onboarding,
        effects: Effects,
        cases: Cases,
        engagements: Engagements,
        kept: KeptPlans,
        skips: Skips,
        matters: Matters,
    ) -> None:
        self._crm = crm
        self._psa = psa
        self._erp = erp
        self._onboarding = onboarding
        self._effects = effects
        self._cases = cases
        self._engagements = engagements
        self._kept = kept
        self._skips = skips
        self._matters = matters

    @step
    async def current_contract(self, order: ActivationOrder) -> Contract:
        """The contract as ordered; once the process was parked, as the CRM has it since somebody mended it."""
        contract = order.contract
        if await self._cases.was_parked(context.current().process_id):
            contract = await self._onboarding.contract(contract.deal_id)
        await self._matters.note(contract.project_number, contract.legal_entity, contract.value)
        await self._engagements.begin(contract, order.customer)
        return contract

    @step
    async def create_psa_project(self, contract: Contract) -> Project:
        """The project in the PSA."""
        wanted = plans.project_details(contract)
        return await self._effects.apply(
            f"psa-project:{wanted.number}",
            wanted,
            lambda: self._psa.create_project(wanted),
            lambda: self._psa.find_project(wanted.number),
            Project,
        )

    @step
    async def create_erp_project(self, contract: Contract) -> Project:
        """The project in the ERP of the contract's legal entity."""
        wanted = plans.project_details(contract)
        return await self._effects.apply(
            f"erp-project:{wanted.number}",
            wanted,
            lambda: self._erp.create_project(wanted),
            lambda: self._erp.find_project(wanted.legal_entity, wanted.number),
            Project,
        )

    @step
    async def plan_delivery(self, contract: Contract) -> ProjectPlan:
        """Tasks, milestones and rate card in the PSA."""
        wanted = plans.delivery_plan(contract)
        return await self._effects.apply(
            f"psa-plan:{wanted.project_number}",
            wanted,
            lambda: self._psa.set_plan(wanted),
            _exactly(wanted, lambda: self._psa.find_plan(wanted.project_number)),
            ProjectPlan,
            changed=Changed.REPLACES,
        )

    @step
    async def plan_billing(self, contract: Contract) -> BillingPlan:
        """The billing plan in the ERP, or with us where the ERP keeps none."""
        wanted = plans.billing_plan(contract)
        if not (await self._erp.capabilities(contract.legal_entity)).billing_plan:
            return await self._kept.keep(wanted.project_number, wanted)
        return await self._effects.apply(
            f"billing-plan:{wanted.project_number}",
            wanted,
            lambda: self._erp.set_billing_plan(wanted),
            _exactly(wanted, lambda: self._erp.find_billing_plan(wanted.legal_entity, wanted.project_number)),
            BillingPlan,
            changed=Changed.REPLACES,
        )

    @step
    async def schedule_revenue(self, contract: Contract) -> RevenueSchedule:
        """The revenue schedule in the ERP, or with us where the ERP keeps none."""
        wanted = plans.revenue_schedule(contract)
        if not (await self._erp.capabilities(contract.legal_entity)).revenue_schedule:
            return await self._kept.keep(wanted.project_number, wanted)
        return await self._effects.apply(
            f"revenue-schedule:{wanted.project_number}",
            wanted,
            lambda: self._erp.set_revenue_schedule(wanted),
            _exactly(wanted, lambda: self._erp.find_revenue_schedule(wanted.legal_entity, wanted.project_number)),
            RevenueSchedule,
            changed=Changed.REPLACES,
        )

    @step
    async def report_active(self, contract: Contract) -> None:
        """Project number and status on the deal in the CRM."""
        if not await self._skips.skipped("report_active"):
            await self._report(contract, ACTIVE)
        await self._engagements.activated(contract.deal_id)

    @step
    async def report_cancelled(self, contract: Contract) -> None:
        """The cancellation on the deal in the CRM, for good."""
        active = f"deal-status:{contract.deal_id}:{ACTIVE}"

        async def told() -> bool | None:
            return _says(await self._crm.find_progress(contract.deal_id), contract, ACTIVE) or None

        await self._effects.withdraw(active, told)
        if not await self._skips.skipped("report_cancelled"):
            await self._report(contract, CANCELLED)
        await self._engagements.cancelled(contract.deal_id)

    @step
    async def close_erp_project(self, contract: Contract) -> None:
        """No more billing on the ERP project, if there is one."""
        entity, number = contract.legal_entity, contract.project_number

        async def look() -> Project | None:
            return await self._erp.find_project(entity, number)

        if not await self._effects.withdraw(f"erp-project:{number}", look) and await look() is None:
            return
        await self._effects.set(
            f"erp-project-closure:{number}",
            number,
            lambda: self._erp.close_project(entity, number),
            lambda: _closed(self._erp.find_project(entity, number)),
        )

    @step
    async def cancel_psa_project(self, contract: Contract) -> None:
        """No more work on the PSA project, if there is one."""
        number = contract.project_number

        async def look() -> Project | None:
            return await self._psa.find_project(number)

        if not await self._effects.withdraw(f"psa-project:{number}", look) and await look() is None:
            return
        await self._effects.set(
            f"psa-project-cancellation:{number}",
            number,
            lambda: self._psa.cancel_project(number),
            lambda: _closed(self._psa.find_project(number)),
        )

    async def _report(self, contract: Contract, status: str) -> None:
        wanted = DealProgress(deal_id=contract.deal_id, project_number=contract.project_number, project_status=status)

        async def told() -> bool:
            said = await self._crm.find_progress(contract.deal_id)
            return _says(said, contract, status)

        identity = f"deal-status:{contract.deal_id}:{status}"
        await self._effects.set(identity, wanted, lambda: self._crm.report_progress(wanted), told)


def _exactly(wanted: P, find: Callable[[], Awaitable[P | None]]) -> Callable[[], Awaitable[P | None]]:
    """What is found, when it is all that was wanted; half of it is not there yet."""

    async def look() -> P | None:
        found = await find()
        return found if found is not None and plans.same(found, wanted) else None

    return look


def _says(said: DealProgress | None, contract: Contract, status: str) -> bool:
    return said is not None and (said.project_number, said.project_status) == (contract.project_number, status)


async def _closed(finding: Awaitable[Project | None]) -> bool:
    project = await finding
    return project is not None and project.closed
