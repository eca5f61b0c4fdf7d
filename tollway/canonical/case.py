"""Exception cases: work that waits for a person."""

import enum

from tollway.canonical.record import Count, FreeText, Identifier, LongText, Many, Record, Text, Timestamp, Words


class OwnerRole(enum.StrEnum):
    """Whose desk a case lands on."""

    SALES_OPERATIONS = "sales_operations"
    FINANCE_OPERATIONS = "finance_operations"
    DELIVERY = "delivery"
    INTEGRATION = "integration"


class Category(enum.StrEnum):
    """What kind of trouble it is, in business words."""

    INCOMPLETE_DEAL = "incomplete_deal"
    CUSTOMER_MASTER_CONFLICT = "customer_master_conflict"
    MISSING_TAX_REGISTRATION = "missing_tax_registration"
    UNMAPPED_LEGAL_ENTITY = "unmapped_legal_entity"
    CURRENCY_MISMATCH = "currency_mismatch"
    CONTRACT_MISMATCH = "contract_mismatch"
    MISSING_PRICE = "missing_price"
    CREDIT_HOLD = "credit_hold"
    PROJECT_CLOSED = "project_closed"
    ALREADY_BILLED = "already_billed"
    PLATFORM_REFUSED = "platform_refused"
    PLATFORM_AWAY = "platform_away"
    UNKNOWN_OUTCOME = "unknown_outcome"
    UNFORESEEN = "unforeseen"


class CaseStatus(enum.StrEnum):
    """Where a case is."""

    OPEN = "open"
    RETRYING = "retrying"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Finding(Record):
    """One thing to mend."""

    field: FreeText
    """The canonical field, as a path such as `account.tax_registration`; empty when it is no single field."""
    message: Words
    category: Category


class Case(Record):
    """A process that is parked until somebody mends what stops it."""

    id: Identifier
    process: Text
    process_id: Identifier
    subject: Identifier
    """The deal or project that is stuck."""
    category: Category
    owner_role: OwnerRole
    status: CaseStatus
    summary: Words
    """What is wrong, in the owner's words."""
    remedy: Words
    """What to do about it, and where."""
    findings: Many[Finding] = []
    evidence: dict[str, LongText] = {}
    """What was asked of whom and what came back, secrets masked."""
    correlation_id: FreeText
    occurrences: Count
    """How often the process came to a halt here."""
    opened_at: Timestamp
    due_at: Timestamp
    closed_at: Timestamp | None = None
    closed_by: FreeText = ""
