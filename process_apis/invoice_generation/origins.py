"""Where the fields of invoices, and of what the PSA is told of them, come from."""

from tollway.canonical.invoice import CreditOrder, InvoiceDetails
from tollway.canonical.work import BilledItems
from tollway.lineage import Mapping, Rule, Source, Through
from tollway.lineage.terms import (
    CURRENCY,
    LEGAL_ENTITY,
    PAYMENT_DAYS,
    PROJECT_NUMBER,
    PURCHASE_ORDER,
    copied,
    cost_centre,
    ours,
    service_line,
)

STEPS = "process_apis.invoice_generation.steps"
ACCOUNT = Source("crm", "account", "wanted/account_id", "id", "wanted/account_id")


def _item(field: str, written: str = "", items: str = "lines", key: str = "source_id") -> Source:
    """A field of the approved work that the line bills."""
    return Source("psa", "billable_item", f"wanted/{items}/*/{key}", field, f"wanted/{items}/*/{written or field}")


RATE = Source(
    "crm",
    "deal",
    "",
    "",
    through=Through("project_plan", "wanted/project_number", "rates", "hourly", "wanted/lines/*/unit_price", "hourly"),
)
MILESTONE = Source(
    "crm",
    "deal_milestone",
    "",
    "",
    through=Through(
        "project_plan", "wanted/project_number", "milestones", "name", "wanted/lines/*/description", "amount"
    ),
)
PRICE = (_item("unit_price"), RATE, MILESTONE)
POSTED = Source("erp", "invoice", "posted/id", "number", "posted/number")
TAKEN_BACK = Source("erp", "invoice", "there/id", "number", "there/number")
CANCELLING = "process_apis.invoice_generation.cancelling:CancellingSteps"


def _of_items(invoice: Source) -> tuple[Rule, ...]:
    """What is said of the work on an invoice."""
    return (
        copied(invoice, "invoice_number"),
        *(
            copied(_item(name, items="items", key="id"), f"items/*/{name}")
            for name in ("id", "kind", "description", "quantity", "unit_price", "amount")
        ),
        Rule("items/*/project_number", PROJECT_NUMBER.sources, PROJECT_NUMBER.how),
        ours("items/*/on", "the day of the invoice"),
        copied(invoice, "items/*/invoice_number"),
    )


ORIGINS = (
    Mapping(
        effect="invoice",
        object_type="invoice",
        system="erp",
        writes=InvoiceDetails,
        made_by="process_apis.invoice_generation.billable:invoice_details",
        rules=(
            ours("reference", "the project's number and which of its billing runs it is"),
            LEGAL_ENTITY,
            copied(ACCOUNT, "account_id"),
            PROJECT_NUMBER,
            CURRENCY,
            ours("date", "the day of the billing run"),
            PAYMENT_DAYS,
            PURCHASE_ORDER,
            service_line(),
            cost_centre(),
            copied(_item("id", "source_id"), "lines/*/source_id"),
            *(copied(_item(name), f"lines/*/{name}") for name in ("kind", "description", "quantity")),
            Rule(
                "lines/*/unit_price",
                PRICE,
                "the timecard's own rate, or that of the rate card the project got from the deal; a milestone's amount",
            ),
            Rule(
                "lines/*/amount",
                (_item("quantity"), *PRICE),
                "quantity times unit price, rounded to the currency's smallest unit",
            ),
        ),
    ),
    Mapping(
        effect="invoice-posting",
        object_type="invoice",
        system="erp",
        writes=str,
        made_by=f"{STEPS}:InvoicingSteps.post_invoice",
        rules=(ours("", "the invoice is posted as it was created; the ERP gives its number and its tax"),),
    ),
    Mapping(
        effect="billed-items",
        object_type="billed_items",
        system="psa",
        writes=BilledItems,
        made_by="tollway.canonical.billed:billed_items",
        number="wanted/invoice_number",
        rules=_of_items(POSTED),
    ),
    Mapping(
        effect="credit-note",
        object_type="credit_note",
        system="erp",
        writes=CreditOrder,
        made_by=f"{CANCELLING}.cancel_or_credit",
        rules=(ours("reason", "what whoever had the invoice taken back gave as the reason"),),
    ),
    Mapping(
        effect="invoice-cancellation",
        object_type="invoice",
        system="erp",
        writes=str,
        made_by=f"{CANCELLING}.cancel_or_credit",
        rules=(ours("", "the invoice is cancelled before it is posted, since somebody took it back"),),
    ),
    Mapping(
        effect="unbilled-items",
        object_type="billed_items",
        system="psa",
        writes=BilledItems,
        made_by="tollway.canonical.billed:billed_items",
        number="wanted/invoice_number",
        rules=_of_items(TAKEN_BACK),
    ),
)
