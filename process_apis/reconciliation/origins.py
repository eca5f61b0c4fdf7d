"""Where the fields of what reconciliation tells the PSA come from."""

from tollway.canonical.work import BilledItems
from tollway.lineage import Mapping, Source
from tollway.lineage.terms import copied, ours


def _item(field: str) -> Source:
    return Source("psa", "billable_item", "wanted/items/*/id", field, f"wanted/items/*/{field}")


INVOICE = Source("erp", "invoice", "wanted/invoice_number", "number", "wanted/invoice_number")
ORIGINS = (
    Mapping(
        effect="marked-again",
        object_type="billed_items",
        system="psa",
        writes=BilledItems,
        made_by="tollway.canonical.billed:billed_items",
        number="wanted/invoice_number",
        rules=(
            copied(INVOICE, "invoice_number"),
            *(
                copied(_item(name), f"items/*/{name}")
                for name in ("id", "kind", "description", "quantity", "unit_price", "amount")
            ),
            ours("items/*/project_number", "the project of the invoice"),
            ours("items/*/on", "the day of the invoice"),
            copied(INVOICE, "items/*/invoice_number"),
        ),
    ),
)
