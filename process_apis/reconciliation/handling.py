"""What is done about each kind of drift: repaired by rule where the settings say so, else a case. Pure."""

from collections.abc import Collection

from tollway.canonical.case import Category, Severity
from tollway.canonical.reconciliation import Discrepancy, Drift, DriftKind, DriftStatus, Handling
from tollway.problem_document import Violation
from tollway.problems import Rejected

MOST_REPAIRS = 2
"""Repairs of one drift; when it is still there after them, somebody has to look."""
_CATEGORIES = {
    DriftKind.CUSTOMER_DOUBLED: Category.DUPLICATE_CUSTOMER,
    DriftKind.UNREADABLE: Category.PLATFORM_REFUSED,
}
_SEVERITIES = {
    DriftKind.INVOICE_DOUBLED: Severity.CRITICAL,
    DriftKind.INVOICE_AMOUNT_DIFFERS: Severity.CRITICAL,
    DriftKind.INVOICE_MISSING: Severity.HIGH,
    DriftKind.INVOICE_UNKNOWN: Severity.HIGH,
    DriftKind.INVOICE_CANCELLED: Severity.HIGH,
    DriftKind.UNREADABLE: Severity.HIGH,
    DriftKind.WORK_MARKED_OTHERWISE: Severity.HIGH,
    DriftKind.STATUS_NOT_TOLD: Severity.LOW,
    DriftKind.PROJECT_NOT_TOLD: Severity.LOW,
}


def severity_of(kind: DriftKind) -> Severity:
    """How much harm it does to leave it."""
    return _SEVERITIES.get(kind, Severity.NORMAL)


def handling_of(one: Discrepancy, before: Drift | None, repairable: Collection[DriftKind]) -> Handling:
    """Whether it is repaired or becomes a case; `before` is what is known of it from earlier runs."""
    repaired = before.repairs if before and before.status is DriftStatus.OPEN else 0
    return Handling.REPAIR if one.kind in repairable and repaired < MOST_REPAIRS else Handling.CASE


def problem(one: Discrepancy) -> Rejected:
    """The problem that its case is made of: what each system says is a thing to look at."""
    said = [Violation(pointer=f"/{system}", message=text) for system, text in one.says.items() if text]
    category = _CATEGORIES.get(one.kind, Category.RECONCILIATION_DRIFT)
    return Rejected(one.summary, category=category, violations=said)


def case_key(drift_id: str) -> str:
    """What the case of a drift is known by, in the place of a process."""
    return f"drift:{drift_id}"
