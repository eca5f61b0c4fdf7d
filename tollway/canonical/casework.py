"""What people ask of the desk of cases, and what it answers."""

import enum
from typing import Annotated

import msgspec

from tollway.canonical.case import Case, CaseStatus, Category, OwnerRole, Severity
from tollway.canonical.record import (
    Count,
    FreeText,
    Identifier,
    LongText,
    Many,
    PageSize,
    Record,
    Remark,
    Text,
    Timestamp,
)


class CaseFilter(Record):
    """Which cases are meant; what is left out means any."""

    status: CaseStatus | None = None
    subject: FreeText = ""
    """A deal's id or a project's number."""
    category: Category | None = None
    role: OwnerRole | None = None
    """Whose desk they are on."""
    legal_entity: FreeText = ""
    assignee: FreeText = ""
    severity: Severity | None = None
    overdue: bool = False
    """Only those that are not closed and past their due time."""
    opened_before: Timestamp | None = None
    mine: bool = False
    """Only those that the caller may act on."""
    after: FreeText = ""
    """The id of the last case of the page before."""
    limit: PageSize = 100


class CaseAction(enum.StrEnum):
    """What can be done about a case."""

    RETRY = "retry"
    EDIT_AND_RETRY = "edit_and_retry"
    SKIP = "skip"
    MERGE = "merge"
    CANCEL = "cancel"


class Edit(Record):
    """A canonical field and what it is to be instead of what the source record says."""

    field: Text
    """Its path, such as `account.tax_registration`; an item of a list by its id: `milestones.M-1.amount.amount`."""
    value: FreeText
    """As text: a number in digits, a day as `2026-11-30`, `true` or `false`."""


class EditAndRetry(Record):
    """Edits to lay over the source record, until that itself changes."""

    edits: Annotated[list[Edit], msgspec.Meta(max_length=100)]
    reason: Remark = ""


class SkipStep(Record):
    """A step to leave out."""

    step: Text
    reason: Remark = ""


class MergeCustomers(Record):
    """Which of several ERP customers the account is."""

    customer: Text
    """The surviving customer's number or id in the ERP."""
    reason: Remark = ""


class CaseAssignment(Record):
    """Who takes a case."""

    assignee: FreeText
    """Empty gives it back to the desk."""


class CaseComment(Record):
    """Something worth knowing about a case."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]


class CaseEvent(Record):
    """Something that was done to a case; never changed afterwards."""

    at: Timestamp
    by: FreeText
    """Who did it; `tollway` for what happened by itself."""
    did: Text
    """`opened`, `assigned`, `commented`, `retried`, `edited`, `escalated` …"""
    detail: LongText = ""


class EffectEvidence(Record):
    """A write to a platform for the case's process: what was sent and what came back, secrets masked."""

    effect: Text
    outcome: Text
    sent: LongText = ""
    """What was to be written, in canonical terms, as JSON."""
    came_back: LongText = ""
    """The platform's answer as JSON, or why there is none."""
    at: Timestamp


class EditMade(Record):
    """Edits that were laid over the source record."""

    edits: Many[Edit]
    by: FreeText
    at: Timestamp
    voided_at: Timestamp | None = None
    """When the source record itself was found changed, so that they no longer count."""


class CaseFile(Record):
    """All there is to know about a case, and what can be done about it."""

    case: Case
    actions: Many[CaseAction] = []
    """What may be done about it now."""
    editable: Many[FreeText] = []
    """The fields that may be edited."""
    skippable: Many[FreeText] = []
    """The steps that may be skipped."""
    effects: Many[EffectEvidence] = []
    edits: Many[EditMade] = []
    history: Many[CaseEvent] = []


class DeskCount(Record):
    """How much waits on a desk, by what kind of trouble it is."""

    role: OwnerRole
    category: Category
    waiting: Count
    overdue: Count
    unassigned: Count


class BulkAction(enum.StrEnum):
    """What can be done about many cases at once."""

    RETRY = "retry"
    CANCEL = "cancel"
    ASSIGN = "assign"
    COMMENT = "comment"


class BulkOrder(Record):
    """Something to do about all open cases of a filter that the caller may act on, 200 at a time."""

    filter: CaseFilter
    action: BulkAction
    assignee: FreeText = ""
    comment: Remark = ""
    dry_run: bool = True
    """Only tell which cases would be touched, and which of them would be refused."""


class BulkItem(Record):
    """What came of a bulk action for one case."""

    case_id: Identifier
    subject: Identifier
    summary: LongText
    done: bool
    refusal: LongText = ""
    """Why it was not done, or after a dry run why it would not be."""


class BulkResult(Record):
    """What came of a bulk action, case by case."""

    dry_run: bool
    items: Many[BulkItem] = []
    more: bool = False
    """Whether there are more than these: the next order's filter takes the last case's id as `after`."""


class Correction(Record):
    """Edits of a deal, handed to whoever reads it."""

    deal_id: Identifier
    case_id: Identifier
    edits: Many[Edit]


class CustomerChoice(Record):
    """Which ERP customer a deal's account is, as a person decided it."""

    deal_id: Identifier
    case_id: Identifier
    customer: Text
