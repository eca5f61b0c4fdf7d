"""Business events, as CloudEvents 1.0: what happened to deals, customers, projects, invoices, cases and processes."""

import enum
from typing import Annotated, Literal

import msgspec

from tollway.canonical.event_facts import (
    CaseFacts,
    CreditNoteFacts,
    CustomerFacts,
    DealFacts,
    InvoiceFacts,
    ProcessFacts,
    ProjectFacts,
)
from tollway.canonical.record import FreeText, Identifier, Record, Text, Timestamp
from tollway.strict import Strict

Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1, extra_json_schema={"format": "int64"})]
"""A place in the log of events: everything up to it has been read, 0 is before the first."""


class EventType(enum.StrEnum):
    """What can happen; a change that breaks readers of its data gets a new version at the end."""

    DEAL_TAKEN_ON = "tollway.deal.taken_on.v1"
    CUSTOMER_ONBOARDED = "tollway.customer.onboarded.v1"
    PROJECT_ACTIVATED = "tollway.project.activated.v1"
    PROJECT_CANCELLED = "tollway.project.cancelled.v1"
    INVOICE_POSTED = "tollway.invoice.posted.v1"
    INVOICE_PAID = "tollway.invoice.paid.v1"
    INVOICE_CREDITED = "tollway.invoice.credited.v1"
    CASE_OPENED = "tollway.case.opened.v1"
    CASE_ASSIGNED = "tollway.case.assigned.v1"
    CASE_ESCALATED = "tollway.case.escalated.v1"
    CASE_RESOLVED = "tollway.case.resolved.v1"
    CASE_CANCELLED = "tollway.case.cancelled.v1"
    PROCESS_PARKED = "tollway.process.parked.v1"
    PROCESS_FINISHED = "tollway.process.finished.v1"


class CloudEvent(Strict, tag_field="type"):
    """What every event says of itself; with `source` its `id` is unique, and the same however often it is delivered."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Text
    subject: Text
    """The business object it is about; events of one subject are delivered in their order."""
    time: Timestamp
    datacontenttype: Literal["application/json"]
    dataschema: Text
    """Where the schema of `data` is published."""
    correlationid: FreeText
    """The correlation id of the request in which it all began."""
    causationid: FreeText
    """The process, or the effect, that brought it about."""
    sequence: Annotated[str, msgspec.Meta(min_length=20, max_length=20)]
    """Its place in the order of all events; a later one is greater, as a number and as a text."""


class DealTakenOn(CloudEvent, tag=EventType.DEAL_TAKEN_ON.value):
    """A won deal was taken on, once however often it is said to be won."""

    data: DealFacts


class CustomerOnboarded(CloudEvent, tag=EventType.CUSTOMER_ONBOARDED.value):
    """A deal's customer stands in the ERP."""

    data: CustomerFacts


class ProjectActivated(CloudEvent, tag=EventType.PROJECT_ACTIVATED.value):
    """A contract's project stands in PSA and ERP, planned and to be billed."""

    data: ProjectFacts


class ProjectCancelled(CloudEvent, tag=EventType.PROJECT_CANCELLED.value):
    """A project's activation was taken back."""

    data: ProjectFacts


class InvoicePosted(CloudEvent, tag=EventType.INVOICE_POSTED.value):
    """An invoice was posted in the ERP."""

    data: InvoiceFacts


class InvoicePaid(CloudEvent, tag=EventType.INVOICE_PAID.value):
    """An invoice was seen to be paid in full."""

    data: InvoiceFacts


class InvoiceCredited(CloudEvent, tag=EventType.INVOICE_CREDITED.value):
    """A posted invoice was taken back by a credit note."""

    data: CreditNoteFacts


class CaseOpened(CloudEvent, tag=EventType.CASE_OPENED.value):
    """Something landed on somebody's desk."""

    data: CaseFacts


class CaseAssigned(CloudEvent, tag=EventType.CASE_ASSIGNED.value):
    """Somebody took a case on."""

    data: CaseFacts


class CaseEscalated(CloudEvent, tag=EventType.CASE_ESCALATED.value):
    """A case was due and is somebody else's matter now."""

    data: CaseFacts


class CaseResolved(CloudEvent, tag=EventType.CASE_RESOLVED.value):
    """What a case was about went through."""

    data: CaseFacts


class CaseCancelled(CloudEvent, tag=EventType.CASE_CANCELLED.value):
    """What a case was about was given up."""

    data: CaseFacts


class ProcessParked(CloudEvent, tag=EventType.PROCESS_PARKED.value):
    """A process waits for somebody to mend what stops it."""

    data: ProcessFacts


class ProcessFinished(CloudEvent, tag=EventType.PROCESS_FINISHED.value):
    """A process went through."""

    data: ProcessFacts


BusinessEvent = (
    DealTakenOn
    | CustomerOnboarded
    | ProjectActivated
    | ProjectCancelled
    | InvoicePosted
    | InvoicePaid
    | InvoiceCredited
    | CaseOpened
    | CaseAssigned
    | CaseEscalated
    | CaseResolved
    | CaseCancelled
    | ProcessParked
    | ProcessFinished
)
"""Any event; its `type` tells which."""


class EventPage(Record, omit_defaults=False):
    """Events in their order, and where to go on."""

    items: Annotated[list[BusinessEvent], msgspec.Meta(max_length=1_000)]
    after: Position
    """The place up to which this page has read."""
    more: bool
    """Whether there are more already."""
