"""Reconciliation: where the systems of a firm say different things about the same deal, project or invoice."""

import datetime as dt
import enum
from typing import Annotated

from msgspec import Meta, field

from tollway.canonical.case import Severity
from tollway.canonical.money import Money
from tollway.canonical.record import Count, FreeText, Identifier, LongText, Many, Record, Text, Timestamp, Words


class DriftKind(enum.StrEnum):
    """What kind of disagreement it is."""

    DEAL_NOT_ONBOARDED = "deal_not_onboarded"
    PROJECT_NOT_TOLD = "project_not_told"
    CUSTOMER_MISSING = "customer_missing"
    CUSTOMER_DOUBLED = "customer_doubled"
    CUSTOMER_DIFFERS = "customer_differs"
    PROJECT_UNKNOWN = "project_unknown"
    PROJECT_MISSING_IN_PSA = "project_missing_in_psa"
    PROJECT_MISSING_IN_ERP = "project_missing_in_erp"
    PROJECT_STATE_DIFFERS = "project_state_differs"
    WORK_UNBILLED = "work_unbilled"
    WORK_NOT_MARKED = "work_not_marked"
    WORK_MARKED_OTHERWISE = "work_marked_otherwise"
    WORK_REPRICED = "work_repriced"
    INVOICE_MISSING = "invoice_missing"
    INVOICE_DOUBLED = "invoice_doubled"
    INVOICE_AMOUNT_DIFFERS = "invoice_amount_differs"
    INVOICE_NOT_POSTED = "invoice_not_posted"
    INVOICE_CANCELLED = "invoice_cancelled"
    INVOICE_UNKNOWN = "invoice_unknown"
    STATUS_NOT_TOLD = "status_not_told"
    UNREADABLE = "unreadable"
    """A system refuses to tell of a project or customer, or breaks its contract doing so."""


class DriftStatus(enum.StrEnum):
    """Whether systems still disagree."""

    OPEN = "open"
    CLOSED = "closed"


class Handling(enum.StrEnum):
    """What is done about a drift."""

    NONE = "none"
    """Nothing: it was only looked for."""
    REPAIR = "repair"
    CASE = "case"


class Discrepancy(Record):
    """What each system says of something that they should agree on."""

    kind: DriftKind
    object_id: Identifier
    """What they disagree about: a deal's id, a project's number, an invoice's reference, or an entity and account.

    Of what cannot be read it begins with `project:` or `customer:`.
    """
    subject: Identifier
    """The deal or project that it belongs to."""
    legal_entity: FreeText = ""
    amount: Money | None = None
    """The money that is at stake, where it is known."""
    summary: Words
    says: dict[str, LongText] = {}
    """What each system says, by its name."""

    @property
    def drift_id(self) -> str:
        """The same for the same disagreement, whenever it is found."""
        return f"{self.kind}:{self.object_id}"


class Drift(Record):
    """A disagreement that lasts until a later look finds it gone."""

    id: Identifier
    discrepancy: Discrepancy
    severity: Severity
    status: DriftStatus
    handling: Handling
    repairs: Count
    """How often it was repaired since it was opened."""
    run_id: Identifier
    """The run that found it last."""
    first_found_at: Timestamp
    last_found_at: Timestamp
    closed_at: Timestamp | None = None


class DriftPage(Record):
    """Drifts by id; `next` is where the following page begins, empty when this was the last."""

    items: Many[Drift]
    next: FreeText = ""


class ReconciliationOrder(Record):
    """What is to be compared: master data as a whole, work, invoices and newly won deals of these days."""

    start: dt.date = field(name="from")
    end: dt.date = field(name="to")
    kinds: Many[DriftKind] = []
    """The kinds of drift to look for; none means all."""
    dry_run: bool = False
    """Whether it is only looked: nothing is repaired, no case is opened or closed."""


class SourceProgress(Record):
    """How far one system's records of a kind have been read."""

    source: Text
    """Such as `erp-invoices:NWC-US`."""
    rows: Count
    done: bool


RunCount = Annotated[int, Meta(ge=1, le=100, extra_json_schema={"format": "int32"})]
"""How many of the latest runs."""


class Reconciliation(Record):
    """A run: what was asked, how far it got, and what came of it."""

    id: Identifier
    process_id: Identifier
    """The durable process that runs it."""
    order: ReconciliationOrder
    started_at: Timestamp
    finished_at: Timestamp | None = None
    sources: Many[SourceProgress] = []
    suspected: Count
    """Disagreements of the first look, which the second one has not judged yet."""
    found: Count
    """Disagreements that were still there at the second look."""
    gone: Count
    """Disagreements that were not, drifts of earlier runs included."""
    left: Count
    """Disagreements about what a process works on, or already waits on a case of its own."""
    repaired: Count
    cases: Count


class Outcome(enum.StrEnum):
    """What the second look at a suspected disagreement said."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    GONE = "gone"
    LEFT = "left"


class ReconciliationFinding(Record):
    """A disagreement as one run saw it."""

    drift_id: Identifier
    discrepancy: Discrepancy
    outcome: Outcome
    handling: Handling


class FindingPage(Record):
    """Findings by drift id; `next` is where the following page begins, empty when this was the last."""

    items: Many[ReconciliationFinding]
    next: FreeText = ""
