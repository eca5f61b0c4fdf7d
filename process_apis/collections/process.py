"""Collections: how a project's invoices and payments stand is written back to CRM and PSA."""

from process_apis.collections.steps import CollectionsSteps
from tollway.canonical.statement import BillingChange
from tollway.engine import Process, together


async def report_billing(do: CollectionsSteps, change: BillingChange) -> str:
    """Tell those who sold and those who deliver; answers the billing status they were told.

    It looks again afterwards: of two processes of a project, the one that read earlier may have written later.
    """
    told, turn = None, 0
    while (statement := await do.read_statement(change.project_number)) != told:
        await together(
            do.tell_crm(statement, turn),
            do.tell_psa(statement, turn),
        )
        told, turn = statement, turn + 1
    return statement.status


def collections_process(do: CollectionsSteps) -> Process:
    """The process under its lasting name."""

    async def run(change: BillingChange) -> str:
        return await report_billing(do, change)

    return Process(name="collections", run=run, subject=lambda change: change.project_number)
