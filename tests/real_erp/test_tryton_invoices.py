"""Invoices in the real Tryton: drafted, posted, paid and credited, and followed from a cursor."""

import asyncio
import datetime as dt
import secrets

import msgspec
import pytest

from system_apis.erp.tryton.operations import TrytonErp, build_tryton
from tollway.canonical.case import Category
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.record import Cursor
from tollway.ports.connection import Shared
from tollway.problems import Conflict, Malformed, NotFound, Rejected

TODAY = dt.datetime.now(dt.UTC).date()
DAY = dt.timedelta(days=1)


async def test_an_invoice_is_drafted_posted_and_paid(erp, client, project, make):
    """An invoice is taxed as a draft, numbered when posted, and its status follows what is paid."""
    wanted = make.invoice(project)
    assert await erp.find_invoice("US", wanted.reference) is None
    draft = await erp.create_invoice(wanted)
    assert (draft.status, draft.number, draft.project_number) == (InvoiceStatus.DRAFT, "", project.number)
    assert (draft.net, draft.tax, draft.total) == (make.money("10000.00"), make.money("875.00"), make.money("10875.00"))
    assert await erp.create_invoice(wanted) == draft
    posted = await erp.post_invoice("US", wanted.reference)
    assert posted.number.startswith(f"INV-US-{TODAY.year}-")
    assert (posted.status, posted.paid, posted.due) == (InvoiceStatus.OPEN, make.money("0.00"), TODAY + 30 * DAY)
    assert await erp.post_invoice("US", wanted.reference) == posted
    assert await erp.create_invoice(wanted) == posted
    await make.payment(client, posted.id, "1000.00")
    partly = await erp.find_invoice("US", wanted.reference)
    assert (partly.status, partly.paid) == (InvoiceStatus.PARTLY_PAID, make.money("1000.00"))
    await make.payment(client, posted.id, "9875.00")
    paid = await erp.find_invoice("US", wanted.reference)
    assert (paid.status, paid.paid, paid.due) == (InvoiceStatus.PAID, make.money("10875.00"), TODAY + 30 * DAY)


async def test_nothing_is_posted_into_a_closed_period(erp, client, customer, make):
    """An invoice dated in a period that is closed waits for finance by name, and is posted once it is reopened."""
    # Of the company and the month that no other test dates anything in.
    wanted = msgspec.structs.replace(customer, legal_entity="GB", currency="GBP")
    await erp.create_customer(wanted)
    dated = make.invoice(make.project(wanted), date=dt.date(TODAY.year + 1, 2, 14))
    company = await client.company("GB")
    domain = [("fiscalyear.company", "=", company), ("start_date", "<=", dated.date), ("end_date", ">=", dated.date)]
    periods = await client.call("model.account.period.search", domain, company=company)
    await erp.create_invoice(dated)
    await client.call("model.account.period.close", periods, company=company)
    with pytest.raises(Rejected, match=rf"is open on {dated.date}, the date of invoice {dated.reference}") as refused:
        await erp.post_invoice("GB", dated.reference)
    assert refused.value.category == Category.CLOSED_PERIOD
    assert (await erp.find_invoice("GB", dated.reference)).status is InvoiceStatus.DRAFT
    await client.call("model.account.period.reopen", periods, company=company)
    assert (await erp.post_invoice("GB", dated.reference)).status is InvoiceStatus.OPEN


async def test_lines_carry_what_they_bill(erp, client, project, make):
    """Every line keeps its source, its product and its description; the invoice its purchase order."""
    wanted = make.invoice(project)
    invoice = await erp.create_invoice(wanted)
    names = ["description", "lines.note", "lines.product.code", "lines.description", "lines.quantity"]
    company = await client.company("US")
    read = (await client.call("model.account.invoice.read", [int(invoice.id)], names, company=company))[0]
    assert read["description"] == "Purchase order PO-77"
    kept = [(one["note"], one["product."]["code"], one["description"], one["quantity"]) for one in read["lines."]]
    first, second = wanted.lines
    assert sorted(kept) == [
        (f"Tollway source: {second.source_id}", "FIX-M", second.description, 1.0),
        (f"Tollway source: {first.source_id}", "CONS-H", first.description, 7.5),
    ]


async def test_amounts_are_billed_to_the_cent(erp, project, make):
    """Where Tryton rounds another way, the invoice still comes to exactly the amounts of its lines."""
    lines = [make.line("time", "0.25", "100.50", "25.13"), make.line("time", "0.5", "100.01", "50.01")]
    invoice = await erp.create_invoice(make.invoice(project, lines=lines))
    assert invoice.net == make.money("75.14")
    wrong = make.invoice(project, reference=f"{project.number}-002", lines=[make.line("time", "2", "10.00", "21.00")])
    with pytest.raises(Rejected, match=r"2 times 10\.00 is not 21\.00"):
        await erp.create_invoice(wrong)
    assert await erp.find_invoice("US", wrong.reference) is None


async def test_racing_creates_make_one_invoice(erp, project, make):
    """Of creates of one reference that race, all answer the one invoice that there is."""
    wanted = make.invoice(project)
    answers = await asyncio.gather(*(erp.create_invoice(wanted) for _ in range(3)))
    assert len({answer.id for answer in answers}) == 1
    assert [invoice.id for invoice in await erp.project_invoices("US", project.number)] == [answers[0].id]


async def test_an_invoice_needs_its_customer_and_its_product(erp, customer, project, make):
    """An invoice of an account without a customer, or with a line of an unknown kind, is refused."""
    with pytest.raises(Rejected, match="no customer for account"):
        await erp.create_invoice(make.invoice(project, account_id="001nobody"))
    with pytest.raises(Rejected, match=r"connections\.tryton\.products\.licence"):
        await erp.create_invoice(make.invoice(project, lines=[make.line("licence", "1", "1.00", "1.00")]))
    with pytest.raises(NotFound):
        await erp.post_invoice("US", "PRJ-nothing-001")


async def test_an_invoice_needs_an_address(erp, client, make):
    """An invoice of a party without an address is refused in words that say so."""
    made = await client.call("model.party.party.create", [{"name": "Bare"}], company=await client.company("US"))
    wanted = make.customer()
    await erp.link_customer(str(made[0]), wanted)
    with pytest.raises(Rejected, match="needs an address"):
        await erp.create_invoice(make.invoice(make.project(wanted)))


async def test_invoices_are_posted_in_the_order_of_their_dates(erp, customer, make):
    """A date before that of an invoice with a number is refused in words; a later one is posted."""
    # Of the company whose invoices no other test dates ahead.
    wanted = msgspec.structs.replace(customer, legal_entity="GB", currency="GBP")
    await erp.create_customer(wanted)
    project = make.project(wanted)
    late = make.invoice(project, date=dt.date(TODAY.year + 1, 12, 30))
    early = make.invoice(project, reference=f"{project.number}-002", date=dt.date(TODAY.year + 1, 12, 29))
    for details in (late, early):
        await erp.create_invoice(details)
    assert (await erp.post_invoice("GB", late.reference)).status is InvoiceStatus.OPEN
    with pytest.raises(Rejected, match=rf"does not post invoice {early.reference}: .*invoice date") as refused:
        await erp.post_invoice("GB", early.reference)
    assert refused.value.category == Category.PLATFORM_REFUSED
    assert (await erp.find_invoice("GB", early.reference)).status is InvoiceStatus.DRAFT


async def test_a_customer_who_is_exempt_pays_no_tax(client, tables, make):
    """The tax rule of the settings frees an exempt customer; without one, exempt customers are refused."""
    company, name = await client.company("US"), f"Exempt {secrets.token_hex(4)}"
    await make.tax_rule(client, company, name)
    wanted = make.customer(tax_exempt=True)
    without, erp = (build_tryton("tryton", tables | {"tax_exempt_rule": rule}, Shared()) for rule in ("", name))
    with pytest.raises(Rejected, match="tax_exempt_rule"):
        await without.create_customer(wanted)
    await erp.create_customer(wanted)
    invoice = await erp.create_invoice(make.invoice(make.project(wanted)))
    assert (invoice.tax, invoice.total) == (make.money("0.00"), make.money("10000.00"))
    for connection in (without, erp):
        await connection.close()


async def test_invoices_of_a_project_are_listed_oldest_first(erp, project, make):
    """A project's invoices are those that name it, by date."""
    later = make.invoice(project, reference=f"{project.number}-002")
    earlier = make.invoice(project, date=TODAY - DAY)
    longer = msgspec.structs.replace(project, number=f"{project.number}0")
    for details in (later, earlier, make.invoice(longer)):
        await erp.create_invoice(details)
    listed = await erp.project_invoices("US", project.number)
    assert [invoice.reference for invoice in listed] == [earlier.reference, later.reference]
    assert await erp.project_invoices("GB", project.number) == []


async def test_changes_go_on_from_the_cursor(erp, client, project, make):
    """Drafting, posting, paying and crediting each show as one change after the last; nothing comes twice."""
    wanted = make.invoice(project)
    cursor = await latest(erp, Cursor(moment=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)))
    draft = await erp.create_invoice(wanted)
    for happen in (
        lambda: erp.post_invoice("US", wanted.reference),
        lambda: make.payment(client, draft.id, "500.00"),
    ):
        cursor = await changed(erp, cursor, wanted.reference)
        await happen()
    cursor = await changed(erp, cursor, wanted.reference)
    assert (await erp.invoice_changes("US", cursor)).items == []
    with pytest.raises(Malformed):
        await erp.invoice_changes("US", Cursor(moment=cursor.moment, id="x"))


async def test_a_credited_invoice_is_cancelled_and_its_credit_note_is_not_ours(erp, client, project, make):
    """A credit note cancels our invoice, which counts as its change; the note itself has no reference of ours."""
    wanted = make.invoice(project)
    await erp.create_invoice(wanted)
    posted = await erp.post_invoice("US", wanted.reference)
    cursor = await latest(erp, Cursor(moment=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)))
    await client.credit(int(posted.id), TODAY, company=await client.company("US"))
    await changed(erp, cursor, wanted.reference)
    (credited,) = await erp.project_invoices("US", project.number)
    assert (credited.status, credited.paid) == (InvoiceStatus.CANCELLED, make.money("0.00"))


async def test_a_posted_invoice_is_credited_once(erp, client, project, make):
    """A credit note over the whole invoice is posted and found by the invoice's reference, however often asked."""
    wanted = make.invoice(project)
    await erp.create_invoice(wanted)
    assert await erp.find_credit_note("US", wanted.reference) is None
    with pytest.raises(Conflict, match="only one that is posted and not paid"):
        await erp.credit_invoice("US", wanted.reference, "Too early.")
    posted = await erp.post_invoice("US", wanted.reference)
    with pytest.raises(Conflict, match="takes a credit note"):
        await erp.cancel_invoice("US", wanted.reference)
    note = await erp.credit_invoice("US", wanted.reference, "The purchase order was another one.")
    assert await erp.credit_invoice("US", wanted.reference, "") == note
    assert await erp.find_credit_note("US", wanted.reference) == note
    assert (note.net, note.tax, note.total) == (posted.net, posted.tax, posted.total)
    assert note.number.startswith("CN-US-")
    assert (await erp.find_invoice("US", wanted.reference)).status is InvoiceStatus.CANCELLED
    assert await erp.find_credit_note("GB", wanted.reference) is None


async def test_a_paid_invoice_is_left_to_finance(erp, client, project, make):
    """What has been paid, in part or in full, is not credited: what becomes of the money somebody has to decide."""
    wanted = make.invoice(project)
    draft = await erp.create_invoice(wanted)
    await erp.post_invoice("US", wanted.reference)
    await make.payment(client, draft.id, "500.00")
    with pytest.raises(Conflict, match="is partly paid in Tryton"):
        await erp.credit_invoice("US", wanted.reference, "")
    assert await erp.find_credit_note("US", wanted.reference) is None


async def test_a_draft_is_cancelled(erp, project, make):
    """A draft is cancelled once, without a credit note, and then neither posted nor credited."""
    wanted = make.invoice(project)
    await erp.create_invoice(wanted)
    cancelled = await erp.cancel_invoice("US", wanted.reference)
    assert (cancelled.status, cancelled.number) == (InvoiceStatus.CANCELLED, "")
    assert await erp.cancel_invoice("US", wanted.reference) == cancelled
    with pytest.raises(Conflict, match="is cancelled"):
        await erp.credit_invoice("US", wanted.reference, "")
    assert await erp.find_credit_note("US", wanted.reference) is None


async def test_a_copy_that_somebody_makes_is_not_the_invoice(erp, client, project, make):
    """Tryton copies the reference along, and still the first invoice is the one it stands for."""
    invoice = await erp.create_invoice(make.invoice(project))
    company = await client.company("US")
    await client.call("model.account.invoice.copy", [int(invoice.id)], {}, company=company)
    assert (await erp.find_invoice("US", invoice.reference)).id == invoice.id


async def latest(erp: TrytonErp, cursor: Cursor) -> Cursor:
    page = await erp.invoice_changes("US", cursor)
    return await latest(erp, page.cursor) if page.items else cursor


async def changed(erp: TrytonErp, cursor: Cursor, reference: str) -> Cursor:
    """The cursor after a page that holds this one change."""
    page = await erp.invoice_changes("US", cursor)
    assert [change.id for change in page.items] == [reference]
    return page.cursor
