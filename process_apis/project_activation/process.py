"""Project activation: a contract's project stands in PSA and ERP, planned and to be billed, and the CRM knows."""

from process_apis.project_activation.steps import ActivationSteps
from tollway.canonical.contract import Contract
from tollway.canonical.statement import ActivationOrder
from tollway.engine import Part, Process, Saga, together


async def activate_project(do: ActivationSteps, order: ActivationOrder) -> str:
    """Set up everything a contract needs to be delivered and billed; answers the project's number."""
    contract = await do.current_contract(order)
    await together(
        do.create_psa_project(contract),
        do.create_erp_project(contract),
    )
    await together(
        do.plan_delivery(contract),
        do.plan_billing(contract),
        do.schedule_revenue(contract),
    )
    await do.report_active(contract)
    return contract.project_number


def activation_saga(do: ActivationSteps) -> Saga[Contract]:
    """What outlasts an activation, each beside what undoes it; plans go with the projects they belong to."""
    return Saga(
        Part(done_by=do.create_psa_project, undone_by=do.cancel_psa_project),
        Part(done_by=do.create_erp_project, undone_by=do.close_erp_project),
        Part(done_by=do.report_active, undone_by=do.report_cancelled),
    )


def activation_process(do: ActivationSteps) -> Process:
    """The process under its lasting name."""

    async def run(order: ActivationOrder) -> str:
        return await activate_project(do, order)

    return Process(name="project-activation", run=run, subject=lambda order: order.contract.deal_id, once=True)


def cancellation_process(do: ActivationSteps) -> Process:
    """The compensation under its lasting name."""
    saga = activation_saga(do)

    async def run(order: ActivationOrder) -> None:
        await saga.undo(order.contract)

    return Process(name="activation-cancellation", run=run, subject=lambda order: order.contract.deal_id, once=True)
