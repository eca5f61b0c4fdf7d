"""Where the fields of an ERP customer come from."""

from tollway.canonical.customer import CustomerDetails
from tollway.lineage import Mapping
from tollway.lineage.terms import CURRENCY, LEGAL_ENTITY, PAYMENT_DAYS, account, copied

ADDRESS = ("street", "city", "postal_code", "region", "country")
ORIGINS = (
    Mapping(
        effect="customer",
        object_type="customer",
        system="erp",
        writes=CustomerDetails,
        made_by="process_apis.customer_onboarding.steps:customer_details",
        rules=(
            copied(account("id"), "account_id"),
            LEGAL_ENTITY,
            copied(account("name")),
            CURRENCY,
            PAYMENT_DAYS,
            *(copied(account(f"billing_address/{part}")) for part in ADDRESS),
            copied(account("tax_registration")),
            copied(account("tax_exempt")),
            copied(account("billing_email")),
            copied(account("parent_id"), "parent_account_id"),
        ),
    ),
)
