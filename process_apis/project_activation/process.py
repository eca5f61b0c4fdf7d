"""Project activation: a contract's project stands in PSA and ERP, planned and to be billed, and the CRM knows."""

from process_apis.project_activation.steps import ActivationSteps
from tollway.canonical.statement import ActivationOrder
from tollway.engine import Process, together


async def activate_project(do: ActivationSteps, order: ActivationOrder) -> str:
    """Set up everything a contract needs to be delivered and billed; answers the project's number."""
    contract = await do.current_contract(order)
    await together(
        do.create_psa_project(contract),  # undone by cancel_psa_project
        do.create_erp_project(contract),  # undone by close_erp_project
    )
    await together(
        do.plan_delivery(contract),
        do.plan_billing(contract),
        do.schedule_revenue(contract),
    )
    await do.report_active(contract)
    return contract.project_number


async def cancel_activation(do: ActivationSteps, order: ActivationOrder) -> None:
    """Take back what activation did, last things first; plans go with the projects they belong to."""
    contract = order.contract
    await do.report_cancelled(contract)
    await together(do.close_erp_project(contract), do.cancel_psa_project(contract))


def activation_process(do: ActivationSteps) -> Process:
    """The process under its lasting name."""

    async def run(order: ActivationOrder) -> str:
        return await activate_project(do, order)

    return Process(name="project-activation", run=run, subject=lambda order: order.contract.deal_id)


def cancellation_process(do: ActivationSteps) -> Process:
    """The compensation under its lasting name."""

    async def run(order: ActivationOrder) -> None:
        await cancel_activation(do, order)

    return Process(name="activation-cancellation", run=run, subject=lambda order: order.contract.deal_id)
