"""Where the fields of what CRM and PSA are told about billing come from."""

from tollway.canonical.deal import DealProgress
from tollway.canonical.project import ProjectBilling
from tollway.lineage import Mapping, Rule, Source
from tollway.lineage.terms import DEAL_ID, PROJECT_NUMBER

STEPS = "process_apis.collections.steps:CollectionsSteps"
DELIVERED = Source("psa", "project", "statement/project_number", "work", "statement/delivered")


def _invoices(field: str) -> Source:
    """A field of each of the project's invoices."""
    place = "statement/invoices/+"
    return Source("erp", "invoice", f"{place}/number", field, f"{place}/{field}", each="statement/invoices")


INVOICED = Rule("invoiced", (_invoices("total"),), "what the posted invoices add up to")
PAID = Rule("paid", (_invoices("paid"),), "what the payments on posted invoices add up to")


def _status(field: str) -> Rule:
    return Rule(field, (_invoices("status"), _invoices("net")), "how the posted invoices stand, in words")


ORIGINS = (
    Mapping(
        effect="deal-billing",
        object_type="deal_billing",
        system="crm",
        writes=DealProgress,
        made_by=f"{STEPS}.tell_crm",
        object_id="wanted/deal_id",
        number="statement/project_number",
        rules=(
            DEAL_ID,
            _status("billing_status"),
            INVOICED,
            PAID,
            Rule("unbilled", (DELIVERED, _invoices("net")), "delivered work less the posted invoices, net"),
            Rule("last_invoice", (_invoices("number"),), "the last invoice that has a number"),
        ),
    ),
    Mapping(
        effect="project-billing",
        object_type="project_billing",
        system="psa",
        writes=ProjectBilling,
        made_by=f"{STEPS}.tell_psa",
        object_id="wanted/project_number",
        number="wanted/project_number",
        rules=(PROJECT_NUMBER, _status("invoice_status"), INVOICED, PAID),
    ),
)
