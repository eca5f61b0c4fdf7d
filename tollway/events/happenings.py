"""What happened, in the words of the events: one function for each thing that can."""

import secrets
from typing import Any

from tollway.canonical.case import Case
from tollway.canonical.customer import Customer
from tollway.canonical.event import (
    CaseAssigned,
    CaseCancelled,
    CaseEscalated,
    CaseOpened,
    CaseResolved,
    CloudEvent,
    CustomerOnboarded,
    DealTakenOn,
    InvoiceCredited,
    InvoicePaid,
    InvoicePosted,
    ProcessFinished,
    ProcessParked,
    ProjectActivated,
    ProjectCancelled,
)
from tollway.canonical.event_facts import (
    CaseFacts,
    CreditNoteFacts,
    CustomerFacts,
    DealFacts,
    InvoiceFacts,
    ProcessFacts,
    ProjectFacts,
)
from tollway.canonical.invoice import CreditNote, Invoice
from tollway.canonical.statement import DealWon, Engagement
from tollway.events.log import Happening


def deal_taken_on(won: DealWon, cause: str) -> Happening:
    """A won deal is being set up."""
    facts = DealFacts(deal_id=won.deal_id, source=won.source)
    return Happening(kind=DealTakenOn, key=won.deal_id, subject=won.deal_id, data=facts, cause=cause)


def customer_onboarded(customer: Customer, cause: str) -> Happening:
    """A customer was created in the ERP, or linked to its account in the CRM."""
    facts = _facts(CustomerFacts, customer)
    key = f"{customer.legal_entity}:{customer.account_id}"
    return Happening(kind=CustomerOnboarded, key=key, subject=facts.account_id or key, data=facts, cause=cause)


def project_activated(engagement: Engagement) -> Happening:
    """A project stands."""
    return _of_project(ProjectActivated, engagement)


def project_cancelled(engagement: Engagement) -> Happening:
    """A project was taken back."""
    return _of_project(ProjectCancelled, engagement)


def invoice_posted(invoice: Invoice, cause: str) -> Happening:
    """An invoice has its number."""
    return _of_invoice(InvoicePosted, invoice, cause)


def invoice_paid(invoice: Invoice) -> Happening:
    """An invoice is paid in full."""
    return _of_invoice(InvoicePaid, invoice, "")


def invoice_credited(note: CreditNote, cause: str) -> Happening:
    """A credit note takes an invoice back."""
    key, facts = f"{note.legal_entity}:{note.reference}", _facts(CreditNoteFacts, note)
    return Happening(kind=InvoiceCredited, key=key, subject=note.reference, data=facts, cause=cause)


def case_opened(case: Case) -> Happening:
    """Something is on somebody's desk."""
    return _of_case(CaseOpened, case, "")


def case_assigned(case: Case) -> Happening:
    """Somebody has it, every time that somebody takes it on."""
    return _of_case(CaseAssigned, case, f":{secrets.token_hex(8)}")


def case_escalated(case: Case) -> Happening:
    """It was due, every time that it is handed on for that."""
    return _of_case(CaseEscalated, case, f":{secrets.token_hex(8)}")


def case_resolved(case: Case) -> Happening:
    """It went through."""
    return _of_case(CaseResolved, case, "")


def case_cancelled(case: Case) -> Happening:
    """It was given up."""
    return _of_case(CaseCancelled, case, "")


def process_parked(case: Case) -> Happening:
    """A process waits on its case, every time that it comes to a halt."""
    which = f":{case.id}:{case.occurrences}"
    return _of_process(ProcessParked, case.process, case.process_id, case.subject, which)


def process_finished(process: str, process_id: str, subject: str) -> Happening:
    """A process went through."""
    return _of_process(ProcessFinished, process, process_id, subject, "")


def _of_project(kind: type[CloudEvent], engagement: Engagement) -> Happening:
    contract = engagement.contract
    facts = ProjectFacts(
        project_number=engagement.project_number,
        deal_id=contract.deal_id,
        account_id=contract.account.id,
        legal_entity=contract.legal_entity,
        name=contract.name,
        value=contract.value,
        start=contract.start,
        end=contract.end,
    )
    return Happening(kind=kind, key=contract.deal_id, subject=engagement.project_number, data=facts)


def _of_invoice(kind: type[CloudEvent], invoice: Invoice, cause: str) -> Happening:
    key = f"{invoice.legal_entity}:{invoice.reference or invoice.id}"
    subject = invoice.reference or invoice.id
    return Happening(kind=kind, key=key, subject=subject, data=_facts(InvoiceFacts, invoice), cause=cause)


def _of_case(kind: type[CloudEvent], case: Case, which: str) -> Happening:
    facts = CaseFacts(
        case_id=case.id,
        process=case.process,
        process_id=case.process_id,
        subject=case.subject,
        category=case.category,
        owner_role=case.owner_role,
        status=case.status,
        summary=case.summary,
        assignee=case.assignee,
        due_at=case.due_at,
    )
    return Happening(kind=kind, key=case.id + which, subject=case.id, data=facts, cause=case.process_id)


def _of_process(kind: type[CloudEvent], process: str, process_id: str, subject: str, which: str) -> Happening:
    facts = ProcessFacts(process=process, process_id=process_id, subject=subject)
    return Happening(kind=kind, key=process_id + which, subject=process_id, data=facts, cause=process_id)


def _facts(kind: Any, thing: Any) -> Any:
    """Those of a canonical object's fields that an event tells."""
    return kind(**{field: getattr(thing, field) for field in kind.__struct_fields__})
