"""Exception cases: work that waits for a person."""

import enum

from tollway.canonical.money import Money
from tollway.canonical.record import Count, FreeText, Identifier, LongText, Many, Record, Text, Timestamp, Words


class OwnerRole(enum.StrEnum):
    """Whose desk a case lands on."""

    SALES_OPERATIONS = "sales_operations"
    FINANCE_OPERATIONS = "finance_operations"
    DELIVERY = "delivery"
    INTEGRATION = "integration"
    OPERATIONS_LEAD = "operations_lead"
    """Whoever gets what others let lie, and may act on every desk."""


class Category(enum.StrEnum):
    """What kind of trouble it is, in business words."""

    INCOMPLETE_DEAL = "incomplete_deal"
    CUSTOMER_MASTER_CONFLICT = "customer_master_conflict"
    DUPLICATE_CUSTOMER = "duplicate_customer"
    MISSING_TAX_REGISTRATION = "missing_tax_registration"
    UNMAPPED_LEGAL_ENTITY = "unmapped_legal_entity"
    CURRENCY_MISMATCH = "currency_mismatch"
    CONTRACT_MISMATCH = "contract_mismatch"
    CAP_EXCEEDED = "cap_exceeded"
    CLOSED_PERIOD = "closed_period"
    MISSING_PRICE = "missing_price"
    CREDIT_HOLD = "credit_hold"
    PROJECT_CLOSED = "project_closed"
    ALREADY_BILLED = "already_billed"
    RECONCILIATION_DRIFT = "reconciliation_drift"
    PLATFORM_REFUSED = "platform_refused"
    PLATFORM_AWAY = "platform_away"
    QUOTA_EXHAUSTED = "quota_exhausted"
    UNKNOWN_OUTCOME = "unknown_outcome"
    CONTRACT_DRIFT = "contract_drift"
    NOTICE_REFUSED = "notice_refused"
    EVENT_GAP = "event_gap"
    DELIVERY_FAILED = "delivery_failed"
    UNFORESEEN = "unforeseen"


class CaseStatus(enum.StrEnum):
    """Where a case is."""

    OPEN = "open"
    RETRYING = "retrying"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Severity(enum.StrEnum):
    """How much harm waiting does, the least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


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
    wakes_at: Timestamp | None = None
    """When it is retried by itself, as a platform that was away is; None waits for a person."""
    closed_at: Timestamp | None = None
    closed_by: FreeText = ""
    severity: Severity = Severity.NORMAL
    legal_entity: FreeText = ""
    """Whose deal it is; empty when that is not known."""
    amount: Money | None = None
    """What the deal is worth, when that is known."""
    assignee: FreeText = ""
    """Who took it; empty when nobody did."""
    escalated_to: OwnerRole | None = None
    """Who was called in when it was not closed in time."""
