"""The ERP port on a NetSuite account: every operation, and what happens on bad days."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from system_apis.erp.netsuite import login
from system_apis.erp.netsuite.operations import NetSuiteErp, build_netsuite
from system_apis.erp.netsuite.rows import IdRow
from tollway.canonical.billing import BillingPlan, BillingPlanLine, RevenuePeriod, RevenueSchedule
from tollway.canonical.case import Category
from tollway.canonical.contract import ContractType
from tollway.canonical.customer import CreditStatus, CustomerDetails, CustomerQuery
from tollway.canonical.invoice import InvoiceDetails, InvoiceStatus
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectDetails
from tollway.canonical.record import Cursor
from tollway.ports.connection import Shared
from tollway.problems import Conflict, Malformed, NotFound, Rejected, Throttled, Unavailable, UnknownOutcome
from tollway.sandboxes import Fault

BEGINNING = Cursor(moment=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
NUMBER = "PRJ-0065g00000Deal"
REFERENCE = f"{NUMBER}:2026-11"
Pounds = Callable[[str], Money]


async def _raw(erp: NetSuiteErp, method: str, path: str, body: Any = None) -> Any:
    """What somebody else does in the account."""
    return await erp._client._send(method, f"/services/rest/record/v1/{path}", "somebody else's work", body=body)


async def _by_finance(erp: NetSuiteErp, name: str, subsidiary: str = "3", **fields: Any) -> str:
    """The id of a customer that finance made by hand."""
    body = {"companyName": name, "subsidiary": {"id": subsidiary}, "isPerson": False, **fields}
    answer = await _raw(erp, "POST", "customer", body)
    return str(answer.headers["location"].rpartition("/")[2])


@pytest.fixture
async def project(erp: NetSuiteErp, customer_details: CustomerDetails, project_details: ProjectDetails) -> str:
    """The number of a project that exists, with its customer."""
    await erp.create_customer(customer_details)
    return (await erp.create_project(project_details)).number


def _plan(pounds: Pounds, *ids: str) -> BillingPlan:
    lines = [
        BillingPlanLine(
            id=line, description=f"Milestone {line}", amount=pounds("1000.10"), due=dt.date(2026, month, 28)
        )
        for month, line in enumerate(ids, 1)
    ]
    return BillingPlan(
        project_number=NUMBER,
        legal_entity="UK",
        currency="GBP",
        contract_type=ContractType.FIXED_FEE,
        lines=lines,
    )


def _query(customer: CustomerDetails, **changes: str) -> CustomerQuery:
    query = CustomerQuery(
        legal_entity="UK",
        account_id=customer.account_id,
        name=customer.name,
        tax_registration=customer.tax_registration,
    )
    return msgspec.structs.replace(query, **changes)


async def test_a_connection_tells_what_it_is_connected_to(erp: NetSuiteErp) -> None:
    """Checking a connection logs in and reads something small."""
    assert await erp.check() == "NetSuite account TSTDRV0000001, 3 currencies"


async def test_machine_to_machine_login_does_all_the_same(
    books: Any, customer_details: CustomerDetails, invoice_details: InvoiceDetails, project_details: ProjectDetails
) -> None:
    """With an access token as with signed requests, each kind of request goes through."""
    erp = build_netsuite("books", books.machine, Shared())
    await erp.create_customer(customer_details)
    await erp.create_project(project_details)
    await erp.create_invoice(invoice_details)
    assert [invoice.reference for invoice in await erp.project_invoices("UK", NUMBER)] == [REFERENCE]
    assert books.calls("oauth2") == 1
    await erp.close()


async def test_a_customer_is_created_once_and_found(
    erp: NetSuiteErp, books: Any, customer_details: CustomerDetails
) -> None:
    """Creating the same customer again makes no second one, and takes one request."""
    await erp.create_customer(customer_details)
    books.faults.calls.clear()
    created = await erp.create_customer(customer_details)
    assert sum(books.faults.calls.values()) == 1
    assert await erp.find_customer("UK", customer_details.account_id) == created
    assert await erp.find_customer("US", customer_details.account_id) is None
    matches = await erp.match_customers(_query(customer_details))
    assert (matches.linked, matches.by_tax_registration, matches.by_name) == (created, [], [])


async def test_one_account_may_be_a_customer_of_two_legal_entities(
    erp: NetSuiteErp, customer_details: CustomerDetails
) -> None:
    """Each legal entity has its own customer for the account, and finds its own."""
    american = msgspec.structs.replace(customer_details, legal_entity="US", currency="USD")
    one, other = await erp.create_customer(customer_details), await erp.create_customer(american)
    assert one.id != other.id
    assert await erp.find_customer("UK", customer_details.account_id) == one
    assert await erp.find_customer("US", customer_details.account_id) == other


async def test_customers_are_matched_in_one_query(
    erp: NetSuiteErp, books: Any, customer_details: CustomerDetails
) -> None:
    """Linked, tax registration and name are looked up at once, each customer shown where it matches surest."""
    linked = await erp.create_customer(customer_details)
    registered = await _by_finance(erp, "Acme Group Holding", vatRegNumber="gb-123.4567 89")
    named = await _by_finance(erp, "ACME ROBOTICS (Limited)")
    await _by_finance(erp, "Acme Logistics Ltd")
    await _by_finance(erp, "Acme Robotics Inc", subsidiary="2")
    books.faults.calls.clear()
    matches = await erp.match_customers(_query(customer_details))
    assert sum(books.faults.calls.values()) == 1
    assert matches.linked == linked
    assert [customer.id for customer in matches.by_tax_registration] == [registered]
    assert [customer.id for customer in matches.by_name] == [named]


@pytest.mark.parametrize("name", ["O'Brien' OR '1'='1", "100% Pure_Ltd", "Ångström & Co", "'", "%", "a\\b"])
async def test_no_name_breaks_out_of_a_query(erp: NetSuiteErp, customer_details: CustomerDetails, name: str) -> None:
    """Whatever a customer is called, it is found by its name and no other customer is."""
    await _by_finance(erp, "Somebody Else Ltd")
    await erp.create_customer(msgspec.structs.replace(customer_details, name=name, tax_registration=""))
    matches = await erp.match_customers(_query(customer_details, account_id="other", name=name, tax_registration=""))
    is_word = any(character.isalnum() for character in name)
    assert [customer.name for customer in matches.by_name] == ([name] if is_word else [])


async def test_credit_status_follows_finance(
    erp: NetSuiteErp, project: str, customer_details: CustomerDetails, invoice_details: InvoiceDetails
) -> None:
    """A customer that owes more than its limit is over it, and a hold that finance sets comes first."""
    key = f"customer/eid:ACC-{customer_details.account_id}-UK"
    await _raw(erp, "PATCH", key, {"creditLimit": 11999.99})
    await erp.create_invoice(invoice_details)
    owing = await erp.find_customer("UK", customer_details.account_id)
    await _raw(erp, "PATCH", key, {"creditHoldOverride": {"id": "ON"}})
    held = (await erp.match_customers(_query(customer_details))).linked
    assert owing is not None
    assert held is not None
    assert (owing.credit, owing.balance) == (CreditStatus.OVER_LIMIT, Money(amount=Decimal("12000.00"), currency="GBP"))
    assert held.credit == CreditStatus.ON_HOLD


async def test_linking_leaves_the_customer_as_finance_has_it(
    erp: NetSuiteErp, customer_details: CustomerDetails
) -> None:
    """A linked customer gets the account's id and keeps its name; linking again changes nothing."""
    identity = await _by_finance(erp, "ACME (old name)", email="finance@acme.example")
    linked = await erp.link_customer(identity, customer_details)
    assert (linked.id, linked.name, linked.account_id) == (identity, "ACME (old name)", customer_details.account_id)
    assert await erp.find_customer("UK", customer_details.account_id) == linked
    assert await erp.link_customer(identity, customer_details) == linked
    assert (await _raw(erp, "GET", f"customer/{identity}")).json()["email"] == "finance@acme.example"


async def test_a_customer_of_another_account_is_not_linked(erp: NetSuiteErp, customer_details: CustomerDetails) -> None:
    """Linking refuses a customer that is taken, one of another legal entity, and one that does not exist."""
    taken = await erp.create_customer(customer_details)
    abroad = await _by_finance(erp, "Acme Inc", subsidiary="2")
    other = msgspec.structs.replace(customer_details, account_id="0015g00000Other")
    with pytest.raises(Conflict, match="linked to account 0015g00000AcmeAAA"):
        await erp.link_customer(taken.id, other)
    for identity in (abroad, "999", "1 OR 1=1"):
        with pytest.raises(NotFound):
            await erp.link_customer(identity, other)


async def test_two_customers_for_one_account_are_a_conflict(
    erp: NetSuiteErp, customer_details: CustomerDetails
) -> None:
    """When finance has given a second customer the account's id, nobody picks one silently."""
    await erp.create_customer(customer_details)
    await _by_finance(erp, "Acme twin", custentity_tollway_account_id=customer_details.account_id)
    with pytest.raises(Rejected, match="several customers") as refused:
        await erp.find_customer("UK", customer_details.account_id)
    assert refused.value.category == "customer_master_conflict"


async def test_a_customer_is_put_below_its_parent_when_there_is_one(
    erp: NetSuiteErp, customer_details: CustomerDetails
) -> None:
    """The head of the group is set when NetSuite has it for the legal entity, and left out when not."""
    head = await erp.create_customer(msgspec.structs.replace(customer_details, account_id="Head", name="Acme Group"))
    below = await erp.create_customer(msgspec.structs.replace(customer_details, parent_account_id="Head"))
    alone = await erp.create_customer(
        msgspec.structs.replace(customer_details, account_id="Alone", parent_account_id="Nobody")
    )
    assert (await _raw(erp, "GET", f"customer/{below.id}")).json()["parent"]["id"] == head.id
    assert "parent" not in (await _raw(erp, "GET", f"customer/{alone.id}")).json()


async def test_a_project_is_created_found_and_closed(
    erp: NetSuiteErp, project: str, project_details: ProjectDetails
) -> None:
    """A project bears its number, belongs to its account, and closing it twice is closing it once."""
    again = await erp.create_project(project_details)
    found = await erp.find_project("UK", project)
    assert found == again
    assert found is not None
    assert (found.account_id, found.deal_id, found.closed) == ("0015g00000AcmeAAA", "0065g00000Deal", False)
    await erp.close_project("UK", project)
    await erp.close_project("UK", project)
    closed = await erp.find_project("UK", project)
    assert closed is not None
    assert (closed.closed, closed.status) == (True, "Closed")
    assert await erp.find_project("US", project) is None
    with pytest.raises(NotFound):
        await erp.close_project("UK", "PRJ-none")


async def test_a_project_needs_its_customer(erp: NetSuiteErp, project_details: ProjectDetails) -> None:
    """Without the customer NetSuite refuses the project, and the refusal names the field."""
    with pytest.raises(Rejected, match="project PRJ-0065g00000Deal") as refused:
        await erp.create_project(project_details)
    assert [violation.pointer for violation in refused.value.violations] == ["/parent"]
    assert refused.value.category == "platform_refused"


async def test_a_billing_plan_is_set_and_replaced(erp: NetSuiteErp, project: str, pounds: Pounds) -> None:
    """Setting a plan again changes its lines and removes those it no longer has."""
    first, second = _plan(pounds, "m-1", "m:2", "m.3"), _plan(pounds, "m.3", "m-1")
    assert await erp.find_billing_plan("UK", project) is None
    assert await erp.set_billing_plan(first) == first
    assert await erp.find_billing_plan("UK", project) == first
    await erp.set_billing_plan(second)
    assert await erp.find_billing_plan("UK", project) == second


async def test_a_revenue_schedule_is_set_month_by_month(erp: NetSuiteErp, project: str, pounds: Pounds) -> None:
    """Every month is kept once, to the cent, in order."""
    months = [dt.date(2026 + index // 12, index % 12 + 1, 1) for index in range(30)]
    shares = pounds("100000.00").split(len(months))
    periods = [RevenuePeriod(month=month, amount=share) for month, share in zip(months, shares, strict=True)]
    schedule = RevenueSchedule(project_number=project, legal_entity="UK", currency="GBP", periods=periods)
    await erp.set_revenue_schedule(schedule)
    await erp.set_revenue_schedule(schedule)
    assert await erp.find_revenue_schedule("UK", project) == schedule


async def test_an_invoice_is_created_with_tax_and_followed_until_it_is_paid(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails
) -> None:
    """NetSuite adds tax, number and due date; payments show as they are applied."""
    created = await erp.create_invoice(invoice_details)
    assert (created.status, created.number, created.due) == (InvoiceStatus.OPEN, "INV1001", dt.date(2026, 12, 1))
    assert [str(amount.amount) for amount in (created.net, created.tax, created.total)] == [
        "10000.00",
        "2000.00",
        "12000.00",
    ]
    assert await erp.post_invoice("UK", REFERENCE) == created
    for paid, status in ((4000.5, InvoiceStatus.PARTLY_PAID), (7999.5, InvoiceStatus.PAID)):
        body = {"apply": {"items": [{"doc": {"id": created.id}, "apply": True, "amount": paid}]}, "payment": paid}
        await _raw(erp, "POST", f"invoice/{created.id}/!transform/customerPayment", body)
        found = await erp.find_invoice("UK", REFERENCE)
        assert found is not None
        assert found.status == status
        assert await erp.project_invoices("UK", project) == [found]
    assert found.paid == found.total


async def test_an_invoice_is_credited_once(erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails) -> None:
    """A credit memo over the whole invoice is made of it; the invoice counts as cancelled then, and not as paid."""
    created = await erp.create_invoice(invoice_details)
    assert await erp.find_credit_note("UK", REFERENCE) is None
    with pytest.raises(Conflict, match="it takes a credit note"):
        await erp.cancel_invoice("UK", REFERENCE)
    note = await erp.credit_invoice("UK", REFERENCE, "The purchase order was another one.")
    assert (note.net, note.tax, note.total) == (created.net, created.tax, created.total)
    assert (note.number, note.reference) == ("CM1001", REFERENCE)
    assert await erp.credit_invoice("UK", REFERENCE, "") == await erp.find_credit_note("UK", REFERENCE) == note
    found = await erp.find_invoice("UK", REFERENCE)
    assert found is not None
    assert (found.status, found.number, found.paid.amount) == (InvoiceStatus.CANCELLED, created.number, 0)
    assert await erp.project_invoices("UK", project) == [found]
    memo = (await _raw(erp, "GET", f"creditMemo/{note.id}")).json()
    assert (memo["createdFrom"]["id"], memo["memo"]) == (created.id, "The purchase order was another one.")
    assert await erp.find_credit_note("US", REFERENCE) is None


@pytest.mark.parametrize("how", ["closed", "arLocked"])
async def test_nothing_is_posted_into_a_closed_period(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails, how: str
) -> None:
    """An invoice or a credit note of a period that is closed, or locked for receivables, waits for finance by name."""
    invoice = await erp.create_invoice(invoice_details)
    again = msgspec.structs.replace(invoice_details, reference=f"{REFERENCE}-2")
    periods = await erp._client.query(
        f"SELECT id FROM accountingperiod WHERE TO_CHAR(startdate, 'YYYY-MM') IN ('{again.date:%Y-%m}', "
        f"'{dt.datetime.now(dt.UTC):%Y-%m}')",
        IdRow,
        "periods",
    )
    for period in periods:
        await _raw(erp, "PATCH", f"accountingPeriod/{period.id}", {how: True})
    with pytest.raises(Rejected, match=rf"open on {again.date}, the date of invoice") as refused:
        await erp.create_invoice(again)
    assert refused.value.category == Category.CLOSED_PERIOD
    assert await erp.find_invoice("UK", again.reference) is None
    with pytest.raises(Rejected, match="the date of credit note") as refused:
        await erp.credit_invoice("UK", invoice.reference, "Cancelled.")
    assert refused.value.category == Category.CLOSED_PERIOD
    for period in periods:
        await _raw(erp, "PATCH", f"accountingPeriod/{period.id}", {how: False})
    assert (await erp.create_invoice(again)).status is InvoiceStatus.OPEN


async def test_what_finance_credits_by_hand_is_no_payment(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails
) -> None:
    """A credit memo for a part lowers what is due and is not paid; a payment of the rest makes the invoice paid."""
    created = await erp.create_invoice(invoice_details)
    apply = {"apply": {"items": [{"doc": {"id": created.id}, "apply": True, "amount": 2000}]}}
    await _raw(erp, "POST", f"invoice/{created.id}/!transform/creditMemo", apply)
    credited = await erp.find_invoice("UK", REFERENCE)
    assert credited is not None
    assert (credited.status, credited.paid.amount) == (InvoiceStatus.OPEN, 0)
    payment = {"apply": {"items": [{"doc": {"id": created.id}, "apply": True, "amount": 10000}]}, "payment": 10000}
    await _raw(erp, "POST", f"invoice/{created.id}/!transform/customerPayment", payment)
    paid = await erp.find_invoice("UK", REFERENCE)
    assert paid is not None
    assert (paid.status, str(paid.paid.amount)) == (InvoiceStatus.PAID, "10000.00")
    assert await erp.project_invoices("UK", project) == [paid]
    with pytest.raises(Conflict, match="is paid in NetSuite"):
        await erp.credit_invoice("UK", REFERENCE, "")


async def test_a_pending_invoice_is_rejected_when_it_is_cancelled(
    books: Any, project: str, invoice_details: InvoiceDetails
) -> None:
    """Where invoices wait for approval, one that is cancelled is never posted, and takes no credit note."""
    erp = build_netsuite("books", books.token | {"approve_invoices": True}, Shared())
    pending = await erp.create_invoice(invoice_details)
    assert (pending.status, pending.number) == (InvoiceStatus.DRAFT, "")
    cancelled = await erp.cancel_invoice("UK", REFERENCE)
    assert cancelled.status is InvoiceStatus.CANCELLED
    assert await erp.cancel_invoice("UK", REFERENCE) == cancelled == await erp.post_invoice("UK", REFERENCE)
    with pytest.raises(Conflict, match="is cancelled in NetSuite"):
        await erp.credit_invoice("UK", REFERENCE, "")
    await erp.close()


async def test_lines_say_which_billing_event_they_come_from(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails
) -> None:
    """Creating an invoice twice does not double its lines, and each line keeps its source and dimensions."""
    await erp.create_invoice(invoice_details)
    created = await erp.create_invoice(invoice_details)
    shown = (await _raw(erp, "GET", f"invoice/{created.id}?expandSubResources=true")).json()
    lines = shown["item"]["items"]
    assert [line["custcol_tollway_source_id"] for line in lines] == ["time:a1B5g1", "milestone:a2C5g2"]
    assert [line["item"]["id"] for line in lines] == ["1", "2"]
    assert {line["department"]["id"] for line in lines} == {line["class"]["id"] for line in lines} == {"2"}
    assert shown["job"]["refName"] == project


async def test_an_invoice_belongs_to_its_legal_entity(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails
) -> None:
    """Another legal entity neither finds nor posts nor lists it."""
    await erp.create_invoice(invoice_details)
    assert await erp.find_invoice("US", REFERENCE) is None
    assert await erp.project_invoices("US", project) == []
    assert (await erp.invoice_changes("US", BEGINNING)).items == []
    with pytest.raises(NotFound):
        await erp.post_invoice("US", REFERENCE)


async def test_invoices_made_by_hand_for_the_project_are_listed(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails
) -> None:
    """What finance bills on the project itself counts, though it has no reference of ours."""
    found = await erp.find_project("UK", project)
    assert found is not None
    by_hand = {
        "entity": {"id": found.id},
        "tranDate": "2026-10-01",
        "item": {"items": [{"item": {"id": "1"}, "amount": 100}]},
    }
    await _raw(erp, "POST", "invoice", by_hand)
    await erp.create_invoice(invoice_details)
    listed = await erp.project_invoices("UK", project)
    assert [(invoice.reference, str(invoice.total.amount)) for invoice in listed] == [
        ("", "120.00"),
        (REFERENCE, "12000.00"),
    ]
    assert [change.id for change in (await erp.invoice_changes("UK", BEGINNING)).items] == [REFERENCE]


async def test_no_change_is_lost_among_equal_moments(books: Any, project: str, invoice_details: InvoiceDetails) -> None:
    """Pages smaller than what changed in one second bring every invoice exactly once."""
    erp = build_netsuite("books", books.token | {"page_size": 2}, Shared())
    references = [f"{NUMBER}:{number}" for number in range(5)]
    for reference in references:
        await erp.create_invoice(msgspec.structs.replace(invoice_details, reference=reference))
    seen, cursor, more = [], BEGINNING, True
    while more:
        page = await erp.invoice_changes("UK", cursor)
        seen += [change.id for change in page.items]
        cursor, more = page.cursor, page.more
    assert seen == references
    assert (await erp.invoice_changes("UK", cursor)).items == []
    await erp.close()


async def test_a_cursor_of_another_platform_is_refused(erp: NetSuiteErp) -> None:
    """An id that is no number of NetSuite's never reaches a query."""
    with pytest.raises(Malformed):
        await erp.invoice_changes("UK", Cursor(moment=BEGINNING.moment, id="1 OR 1=1"))


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"payment_days": 31}, "connections.books.terms.31"),
        ({"cost_centre": "NOPE"}, "connections.books.departments.NOPE"),
        ({"service_line": "NOPE"}, "connections.books.classes.NOPE"),
        ({"legal_entity": "FR"}, "connections.books.legal_entities.FR"),
    ],
)
async def test_a_code_nobody_mapped_is_refused_by_name(
    erp: NetSuiteErp, books: Any, invoice_details: InvoiceDetails, changes: dict[str, Any], setting: str
) -> None:
    """The refusal names the setting to add, and NetSuite is told nothing."""
    with pytest.raises(Rejected, match=setting):
        await erp.create_invoice(msgspec.structs.replace(invoice_details, **changes))
    assert books.calls("PUT") == 0


async def test_a_currency_the_customer_is_not_billed_in_is_refused(
    erp: NetSuiteErp, project: str, invoice_details: InvoiceDetails
) -> None:
    """NetSuite's own refusal comes back as a business reason that names the field."""
    with pytest.raises(Rejected, match="currency") as refused:
        await erp.create_invoice(msgspec.structs.replace(invoice_details, currency="EUR"))
    assert [violation.pointer for violation in refused.value.violations] == ["/currency"]
    with pytest.raises(Rejected, match="no currency CHF") as unknown:
        await erp.create_invoice(msgspec.structs.replace(invoice_details, currency="CHF"))
    assert unknown.value.category == "currency_mismatch"


async def test_a_full_account_throttles(erp: NetSuiteErp, books: Any, customer_details: CustomerDetails) -> None:
    """Too many calls at once mean that nothing happened and when to try again."""
    books.faults.set(Fault(kind="throttle", path="/record/"))
    with pytest.raises(Throttled) as refused:
        await erp.create_customer(customer_details)
    assert refused.value.retry_after == 2.0
    books.faults.set()
    assert await erp.find_customer("UK", customer_details.account_id) is None


async def test_a_failing_netsuite_leaves_a_write_open_but_not_a_read(
    erp: NetSuiteErp, books: Any, customer_details: CustomerDetails
) -> None:
    """A 503 to a write may have happened; to a query it has not."""
    books.faults.set(Fault(kind="error", status=503, path="/(record|query)/"))
    with pytest.raises(Unavailable):
        await erp.match_customers(_query(customer_details))
    books.faults.set(Fault(kind="error", status=503, path="/record/"))
    with pytest.raises(UnknownOutcome):
        await erp.create_customer(customer_details)


async def test_an_invoice_whose_answer_was_lost_is_there_once(
    erp: NetSuiteErp, books: Any, project: str, invoice_details: InvoiceDetails
) -> None:
    """After a lost answer the invoice is found by reading back, and doing it again makes no second one."""
    books.faults.set(Fault(kind="lost_after", method="PUT", path="/invoice/", times=1))
    with pytest.raises(UnknownOutcome):
        await erp.create_invoice(invoice_details)
    found = await erp.find_invoice("UK", REFERENCE)
    assert found is not None
    assert (await erp.create_invoice(invoice_details)).id == found.id
    assert await erp.project_invoices("UK", project) == [await erp.find_invoice("UK", REFERENCE)]


async def test_an_invoice_that_never_arrived_is_not_found(
    erp: NetSuiteErp, books: Any, project: str, invoice_details: InvoiceDetails
) -> None:
    """A lost request is told from a lost answer only by reading back, and that tells it."""
    books.faults.set(Fault(kind="lost_before", method="PUT", path="/invoice/", times=1))
    with pytest.raises(UnknownOutcome):
        await erp.create_invoice(invoice_details)
    assert await erp.find_invoice("UK", REFERENCE) is None


async def test_a_written_invoice_that_cannot_be_read_is_left_open(
    erp: NetSuiteErp, books: Any, project: str, invoice_details: InvoiceDetails
) -> None:
    """When only the read after the write fails, nobody claims that nothing happened."""
    books.faults.set(Fault(kind="throttle", method="GET", path="/invoice/"))
    with pytest.raises(UnknownOutcome, match="written but not read back"):
        await erp.create_invoice(invoice_details)


async def test_a_plan_half_written_says_so(erp: NetSuiteErp, books: Any, project: str, pounds: Pounds) -> None:
    """Of the lines of a plan that failed, the one with an unknown outcome decides; setting it again mends it."""
    plan = _plan(pounds, "m1", "m2", "m3", "m4")
    books.faults.set(Fault(kind="throttle", path="BP-m2", times=1), Fault(kind="lost_after", path="BP-m3", times=1))
    with pytest.raises(UnknownOutcome):
        await erp.set_billing_plan(plan)
    await erp.set_billing_plan(plan)
    assert await erp.find_billing_plan("UK", project) == plan


async def test_a_refused_access_token_is_replaced_once(
    machine_erp: NetSuiteErp, books: Any, customer_details: CustomerDetails
) -> None:
    """A token that NetSuite no longer takes costs one more login, and the call goes through."""
    await machine_erp.check()
    books.faults.set(Fault(kind="error", status=401, path="/record/", times=1))
    created = await machine_erp.create_customer(customer_details)
    assert books.calls("oauth2") == 2
    assert await machine_erp.find_customer("UK", customer_details.account_id) == created


async def test_refused_credentials_name_the_connection(books: Any, customer_details: CustomerDetails) -> None:
    """Wrong credentials, of either kind, mean that nothing happened, and whose they are."""
    for wrong in (books.machine | {"client_id": "nobody"}, books.token | {"token_secret": "wrong"}):
        erp = build_netsuite("books", wrong, Shared())
        with pytest.raises(Unavailable, match="NetSuite refuses the credentials of connection books"):
            await erp.create_customer(customer_details)
        await erp.close()


async def test_one_login_serves_many_calls_until_it_grows_old(
    machine_erp: NetSuiteErp, books: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls at the same time share one login, which is renewed before NetSuite would refuse it."""
    await asyncio.gather(*(machine_erp.check() for _ in range(10)))
    assert books.calls("oauth2") == 1
    monkeypatch.setattr(login, "monotonic", lambda: time.monotonic() + 3550)
    await asyncio.gather(*(machine_erp.check() for _ in range(10)))
    assert books.calls("oauth2") == 2


async def test_a_connection_never_makes_more_calls_at_once_than_it_may(books: Any) -> None:
    """However many ask, NetSuite never sees more calls at once than the setting allows, nor fewer."""
    erp = build_netsuite("books", books.token | {"quota": {"concurrency": 2}}, Shared())
    books.faults.set(Fault(kind="delay", delay_ms=20))
    await asyncio.gather(*(erp.check() for _ in range(6)))
    assert books.faults.peak == 2
    await erp.close()


async def test_the_account_tells_how_many_calls_it_takes(books: Any) -> None:
    """Before NetSuite has said how many calls it takes at once it gets those of its smallest tier, then its own."""
    erp = build_netsuite("books", books.token, Shared())
    books.faults.set(Fault(kind="delay", delay_ms=200))
    await asyncio.gather(*(erp.find_customer("US", f"A-{number}") for number in range(12)))
    assert books.faults.peak == 5
    await erp.check()
    await asyncio.gather(*(erp.find_customer("US", f"A-{number}") for number in range(20)))
    assert books.faults.peak == 15
    await erp.close()


async def test_limits_that_are_told_to_nobody_stay_what_they_are(books: Any) -> None:
    """A role that may not read the account's limits is no reason for the connection to count as not well."""
    erp = build_netsuite("books", books.token, Shared())
    books.faults.set(Fault(kind="error", status=403, path="governanceLimits"))
    assert "currencies" in await erp.check()
    assert erp._client._http.quota.describe().endswith("of 5 calls at once")
    await erp.close()
