"""What each category of trouble means for people: whose it is, how urgent, and what to do about it."""

from collections.abc import Mapping

import msgspec

from tollway.canonical.case import Category, Finding, OwnerRole, Severity
from tollway.problems import ProblemError

SALES, FINANCE = OwnerRole.SALES_OPERATIONS, OwnerRole.FINANCE_OPERATIONS
DELIVERY, INTEGRATION = OwnerRole.DELIVERY, OwnerRole.INTEGRATION
LOW, HIGH = Severity.LOW, Severity.HIGH


class Rule(msgspec.Struct, frozen=True):
    """Where cases of a category go."""

    owner: OwnerRole
    hours: int
    """Working hours until it is due."""
    remedy: str
    severity: Severity = Severity.NORMAL
    editable: tuple[str, ...] = ()
    """The canonical fields of the deal that may be edited to mend it, each with all that is below it.

    Never what the deal is worth or whose it is: that is agreed with the customer, and the CRM's to say.
    """
    mergeable: bool = False
    """Whether it is mended by saying which ERP customer the account is."""


_TAX = ("account.tax_registration", "account.tax_exempt")
_PRICING = ("lines", "milestones", "rates")
_TERMS = ("payment_terms", "service_line", "contract_type", "cost_centre", "purchase_order", "start", "end")
_ACCOUNT = ("account.name", "account.billing_address", "account.billing_email")
_ENTITY = ("legal_entity",)

RULES: Mapping[Category, Rule] = {
    Category.INCOMPLETE_DEAL: Rule(
        SALES,
        8,
        "Complete the deal in the CRM, then retry.",
        editable=(*_ACCOUNT, *_TERMS, *_PRICING),
    ),
    Category.CUSTOMER_MASTER_CONFLICT: Rule(
        FINANCE,
        8,
        "Decide which ERP customer the account is: merge, or correct the customers in the ERP, then retry.",
        editable=_TAX,
        mergeable=True,
    ),
    Category.DUPLICATE_CUSTOMER: Rule(
        FINANCE,
        8,
        "Decide which of the customers stays: merge, and deactivate the others in the ERP.",
        editable=_TAX,
        mergeable=True,
    ),
    Category.MISSING_TAX_REGISTRATION: Rule(
        SALES,
        8,
        "Enter the customer's tax registration on the account in the CRM, or mark it tax exempt, then retry.",
        editable=_TAX,
    ),
    Category.UNMAPPED_LEGAL_ENTITY: Rule(
        SALES, 8, "Choose one of the firm's legal entities on the deal in the CRM, then retry.", editable=_ENTITY
    ),
    Category.CURRENCY_MISMATCH: Rule(
        SALES,
        8,
        "Choose a currency that the legal entity bills in on the deal in the CRM, then retry.",
        editable=_ENTITY,
    ),
    Category.CONTRACT_MISMATCH: Rule(
        SALES,
        8,
        "Make milestones, line items and contract value agree on the deal in the CRM, then retry.",
        editable=(*_PRICING, *_ENTITY, "start", "end"),
    ),
    Category.CAP_EXCEEDED: Rule(
        DELIVERY, 8, "Agree a change order with the customer, or reject the time above the cap in the PSA, then retry."
    ),
    Category.CLOSED_PERIOD: Rule(
        FINANCE,
        4,
        "Reopen the accounting period in the ERP, then retry; or cancel, and bill the work in the next one.",
        HIGH,
    ),
    Category.MISSING_PRICE: Rule(DELIVERY, 8, "Enter the bill rate or the milestone's amount in the PSA, then retry."),
    Category.CREDIT_HOLD: Rule(FINANCE, 4, "Release the customer's credit hold in the ERP, or cancel."),
    Category.PROJECT_CLOSED: Rule(
        DELIVERY, 8, "Reopen the project in the PSA or reject the time that was approved on it, then retry."
    ),
    Category.ALREADY_BILLED: Rule(
        FINANCE, 8, "Find out which invoice carries the work, correct it in the PSA or the ERP, then retry.", HIGH
    ),
    Category.RECONCILIATION_DRIFT: Rule(
        FINANCE, 16, "Find out which system is right, and correct the other; the next sweep closes the case."
    ),
    Category.PLATFORM_REFUSED: Rule(INTEGRATION, 8, "Correct what the platform refuses, then retry."),
    Category.PLATFORM_AWAY: Rule(INTEGRATION, 4, "Wait until the platform answers again, then retry."),
    Category.QUOTA_EXHAUSTED: Rule(
        INTEGRATION, 24, "Wait until the platform's limit is reset, or have it raised; a retry before is refused.", LOW
    ),
    Category.UNKNOWN_OUTCOME: Rule(
        INTEGRATION, 2, "Look whether it happened on the platform; a retry reads back before it sends again.", HIGH
    ),
    Category.CONTRACT_DRIFT: Rule(
        INTEGRATION,
        4,
        "The platform's API answers otherwise than documented: have the adapter mended, then retry.",
        HIGH,
    ),
    Category.NOTICE_REFUSED: Rule(
        INTEGRATION, 8, "Look at the notice and who sent it; correct the sender's set-up, then have it sent again."
    ),
    Category.EVENT_GAP: Rule(
        INTEGRATION, 4, "Events were missed: have what changed meanwhile read again, then close the case.", HIGH
    ),
    Category.DELIVERY_FAILED: Rule(
        INTEGRATION, 8, "Have the subscriber's endpoint mended, then replay what it did not take."
    ),
    Category.UNFORESEEN: Rule(INTEGRATION, 4, "Quote the correlation id to the developers; retry when it is mended."),
}
EDITABLE = tuple(dict.fromkeys(field for rule in RULES.values() for field in rule.editable))
"""Every field of a deal that may be edited for some category."""


def category_of(error: ProblemError) -> Category:
    """The category an error makes a case of."""
    if error.category in set(Category):
        return Category(error.category)
    by_kind = {
        "rejected": Category.PLATFORM_REFUSED,
        "invalid-request": Category.PLATFORM_REFUSED,
        "not-found": Category.PLATFORM_REFUSED,
        "conflict": Category.PLATFORM_REFUSED,
        "unavailable": Category.PLATFORM_AWAY,
        "platform-throttled": Category.PLATFORM_AWAY,
        "unknown-outcome": Category.UNKNOWN_OUTCOME,
        "contract-drift": Category.CONTRACT_DRIFT,
    }
    return by_kind.get(error.kind, Category.UNFORESEEN)


def findings_of(error: ProblemError) -> list[Finding]:
    """The single things to mend that an error names."""
    category = category_of(error)
    return [
        Finding(field=violation.pointer.strip("/").replace("/", "."), message=violation.message, category=category)
        for violation in error.violations
    ]


def editable(category: Category, findings: list[Finding]) -> list[str]:
    """The fields that may be edited to mend a case: those of its category, and what it finds wrong besides."""
    found = [finding.field for finding in findings if finding.field and within(finding.field, EDITABLE)]
    return list(dict.fromkeys([*RULES[category].editable, *found]))


def within(field: str, allowed: list[str] | tuple[str, ...]) -> bool:
    """Whether a field is one of those allowed or below one."""
    return any(field == one or field.startswith(f"{one}.") for one in allowed)
