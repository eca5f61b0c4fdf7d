"""Customer onboarding: a won deal's terms are checked, its customer stands in the ERP, and its project is ordered."""

from process_apis.customer_onboarding.steps import OnboardingSteps
from tollway.canonical.statement import DealWon
from tollway.engine import Process


async def onboard_customer(do: OnboardingSteps, won: DealWon) -> str:
    """From a won deal to an order for its project; answers the customer's number in the ERP."""
    contract = await do.check_terms(won.deal_id)
    customer = await do.ensure_customer(contract)
    await do.order_project(contract, customer)
    return customer.number


def onboarding_process(do: OnboardingSteps) -> Process:
    """The process under its lasting name."""

    async def run(won: DealWon) -> str:
        return await onboard_customer(do, won)

    return Process(name="customer-onboarding", run=run, subject=lambda won: won.deal_id, once=True)
