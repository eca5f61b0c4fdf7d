"""Where systems disagree about work, invoices and payments. Pure."""

import datetime as dt
from collections.abc import Iterator

from process_apis.reconciliation.views import POSTED, Claimed, Engaged, ProjectView, Rules
from tollway.canonical.billed import BILLED_AS
from tollway.canonical.invoice import Invoice, InvoiceStatus
from tollway.canonical.listing import WorkEntry
from tollway.canonical.money import Money, total
from tollway.canonical.reconciliation import Discrepancy, DriftKind


def of_work(view: ProjectView, engagement: Engaged, rules: Rules) -> Iterator[Discrepancy]:
    """Approved work that is billed, marked or priced otherwise than its invoices say."""
    on = {item: one for one in view.claimed for item in one.items}
    numbers = {invoice.reference: invoice.number for invoice in reversed(view.posted)}
    posted = {invoice.number for invoice in view.posted}
    unmarked: dict[str, list[WorkEntry]] = {}
    for entry in view.work:
        one = on.get(entry.id)
        number = numbers.get(one.reference, "") if one else ""
        if one and number and not entry.invoice_number:
            unmarked.setdefault(one.reference, []).append(entry)
        elif number not in ("", entry.invoice_number) or (one is None and entry.invoice_number not in ("", *posted)):
            yield _marked_otherwise(entry, engagement, number)
        if one and entry.amount is not None and entry.amount != one.items[entry.id]:
            yield _repriced(entry, engagement, one)
    for reference, entries in unmarked.items():
        yield _not_marked(reference, numbers[reference], entries, engagement)
    latest = rules.today - dt.timedelta(days=rules.unbilled_days)
    waiting = [entry for entry in view.work if _waits(entry, engagement, latest) and entry.id not in on]
    if waiting and engagement.status != "cancelled":
        yield _unbilled(view.number, waiting, engagement)


def of_invoices(view: ProjectView) -> Iterator[Discrepancy]:
    """Invoices that are missing, doubled, cancelled, still drafts, of another amount, or nobody's."""
    known = {one.reference: one for one in view.claimed}
    made: dict[str, list[Invoice]] = {reference: [] for reference in known}
    by_hand = []
    for invoice in view.invoices:
        if invoice.reference:
            made.setdefault(invoice.reference, []).append(invoice)
        elif invoice.status in POSTED:
            by_hand.append(invoice)
    for reference, invoices in made.items():
        one = known.get(reference)
        if one is None:
            yield _differs(DriftKind.INVOICE_UNKNOWN, reference, view.number, invoices[0].legal_entity, invoices, None)
        else:
            yield from _of_invoice(one, invoices)
            yield from _copies(one, invoices, by_hand)


def of_payments(view: ProjectView, engagement: Engaged, rules: Rules) -> Iterator[Discrepancy]:
    """CRM or PSA saying other amounts than the ERP's invoices.

    Invoices of a part of the project's life do not tell what it comes to: then whatever may differ is to be looked at.
    """
    if any(invoice.currency != engagement.currency for invoice in view.posted):
        return  # what is wrong with it is said of the invoice
    due_and_paid = (
        total((invoice.total for invoice in view.posted), engagement.currency),
        total((invoice.paid for invoice in view.posted), engagement.currency),
    )
    told: dict[str, tuple[Money, Money]] = {}
    nothing = Money.zero(engagement.currency)
    if view.psa:
        billing = view.psa.billing
        told["psa"] = (billing.invoiced, billing.paid) if billing else (nothing, nothing)
    if view.deal:
        progress = view.deal.progress
        told["crm"] = (progress.invoiced or nothing, progress.paid or nothing)
    complete = view.whole or (engagement.since >= rules.span.start and rules.span.end >= rules.today)
    expected = [due_and_paid] if complete else list(told.values())[:1]
    agreed = all([said] == expected for said in told.values()) and (complete or not view.posted)
    if not agreed:
        yield Discrepancy(
            kind=DriftKind.STATUS_NOT_TOLD,
            object_id=view.number,
            subject=view.number,
            legal_entity=engagement.legal_entity,
            amount=due_and_paid[0],
            summary=f"CRM and PSA were not told how the invoices of {view.number} stand.",
            says={name: _standing(*amounts) for name, amounts in (told | {"erp": due_and_paid}).items()},
        )


def _of_invoice(one: Claimed, invoices: list[Invoice]) -> Iterator[Discrepancy]:
    """What is wrong with the first of the invoices with a reference; `_copies` looks at the others."""
    live = [invoice for invoice in invoices if invoice.status is not InvoiceStatus.CANCELLED]
    if not invoices:
        yield _differs(DriftKind.INVOICE_MISSING, one.reference, one.number, one.legal_entity, invoices, one)
    elif not live:
        yield _differs(DriftKind.INVOICE_CANCELLED, one.reference, one.number, one.legal_entity, invoices, one)
    elif live[0].net != one.net:
        yield _differs(DriftKind.INVOICE_AMOUNT_DIFFERS, one.reference, one.number, one.legal_entity, live, one)
    elif live[0].status is InvoiceStatus.DRAFT:
        yield _differs(DriftKind.INVOICE_NOT_POSTED, one.reference, one.number, one.legal_entity, live, one)


def _copies(one: Claimed, invoices: list[Invoice], by_hand: list[Invoice]) -> Iterator[Discrepancy]:
    """A second invoice with the reference, or one made by hand for the project over the same amount."""
    live = [invoice for invoice in invoices if invoice.status is not InvoiceStatus.CANCELLED]
    copies = [*live, *(invoice for invoice in by_hand if live and invoice.net == one.net)]
    if len(copies) > 1:
        yield _differs(DriftKind.INVOICE_DOUBLED, one.reference, one.number, one.legal_entity, copies, one)


_SUMMARIES = {
    DriftKind.INVOICE_MISSING: "The ERP has no invoice {}, for which work was claimed.",
    DriftKind.INVOICE_DOUBLED: "The ERP has the invoice {} more than once.",
    DriftKind.INVOICE_AMOUNT_DIFFERS: "The invoice {} comes to another amount than the work that it bills.",
    DriftKind.INVOICE_NOT_POSTED: "The invoice {} was made but not posted.",
    DriftKind.INVOICE_CANCELLED: "The invoice {} was cancelled, while its work still counts as billed.",
    DriftKind.INVOICE_UNKNOWN: "The ERP has an invoice {} that Tollway knows nothing of.",
}


def _differs(
    kind: DriftKind, reference: str, number: str, legal_entity: str, invoices: list[Invoice], one: Claimed | None
) -> Discrepancy:
    erp = [f"{invoice.number or invoice.id} ({invoice.status}) {_text(invoice.net)} net" for invoice in invoices]
    return Discrepancy(
        kind=kind,
        object_id=reference,
        subject=number,
        legal_entity=legal_entity,
        amount=one.net if one else invoices[0].net,
        summary=_SUMMARIES[kind].format(reference),
        says={
            "erp": "; ".join(erp) or "no invoice",
            "tollway": f"{_text(one.net)} net, {len(one.items)} items" if one else "unknown",
        },
    )


def _marked_otherwise(entry: WorkEntry, engagement: Engaged, number: str) -> Discrepancy:
    return Discrepancy(
        kind=DriftKind.WORK_MARKED_OTHERWISE,
        object_id=entry.id,
        subject=entry.project_number,
        legal_entity=engagement.legal_entity,
        amount=entry.amount,
        summary=f"The PSA says that {entry.id} is on invoice {entry.invoice_number}, on which it is not.",
        says={"psa": f"on {entry.invoice_number}", "erp": f"on {number}" if number else "on no invoice of ours"},
    )


def _repriced(entry: WorkEntry, engagement: Engaged, one: Claimed) -> Discrepancy:
    billed = one.items[entry.id]
    return Discrepancy(
        kind=DriftKind.WORK_REPRICED,
        object_id=entry.id,
        subject=entry.project_number,
        legal_entity=engagement.legal_entity,
        amount=billed,
        summary=f"The work {entry.id} was billed on {one.reference} at another amount than the PSA has now.",
        says={"psa": _text(entry.amount) if entry.amount else "no price", "tollway": _text(billed)},
    )


def _not_marked(reference: str, number: str, entries: list[WorkEntry], engagement: Engaged) -> Discrepancy:
    return Discrepancy(
        kind=DriftKind.WORK_NOT_MARKED,
        object_id=reference,
        subject=engagement.number,
        legal_entity=engagement.legal_entity,
        summary=f"The PSA does not say that {len(entries)} items are on invoice {number}.",
        says={"psa": f"not billed: {', '.join(entry.id for entry in entries[:20])}", "erp": f"on {number}"},
    )


def _unbilled(number: str, waiting: list[WorkEntry], engagement: Engaged) -> Discrepancy:
    priced = [entry.amount for entry in waiting if entry.amount and entry.amount.currency == engagement.currency]
    amount = total(priced, engagement.currency)
    oldest = min(entry.on for entry in waiting)
    return Discrepancy(
        kind=DriftKind.WORK_UNBILLED,
        object_id=number,
        subject=number,
        legal_entity=engagement.legal_entity,
        amount=amount,
        summary=f"Approved work of {number} has been waiting for its invoice since {oldest}.",
        says={"psa": f"{len(waiting)} items, {_text(amount)}", "tollway": "not billed"},
    )


def _waits(entry: WorkEntry, engagement: Engaged, latest: dt.date) -> bool:
    chargeable = entry.kind is BILLED_AS[engagement.contract_type]
    return chargeable and not entry.invoice_number and entry.on <= latest


def _standing(due: Money, paid: Money) -> str:
    return f"invoiced {_text(due)}, paid {_text(paid)}"


def _text(money: Money) -> str:
    return f"{money.amount} {money.currency}"
