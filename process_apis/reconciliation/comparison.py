"""What systems disagree about, project by project and customer by customer. Pure."""

from process_apis.reconciliation import billing, master_data
from process_apis.reconciliation.views import CustomerView, ProjectView, Rules
from tollway.canonical.reconciliation import Discrepancy


def compare_project(view: ProjectView, rules: Rules) -> list[Discrepancy]:
    """Every disagreement about a project: its deal, its projects, its work, its invoices and their payment."""
    engagement = view.engagement
    if engagement is None:
        return [*master_data.of_nobody(view, rules), *billing.of_invoices(view)]
    return [
        *master_data.of_project(view, engagement),
        *billing.of_work(view, engagement, rules),
        *billing.of_invoices(view),
        *billing.of_payments(view, engagement, rules),
    ]


def compare_customer(view: CustomerView) -> list[Discrepancy]:
    """Every disagreement about the customer of an account."""
    return list(master_data.of_customer(view))
