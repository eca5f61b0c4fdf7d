"""The ERP port on the real Tryton: every operation done, done again, and refused."""

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.operations import TrytonErp, build_tryton
from tollway.canonical.billing import BillingPlan, BillingPlanLine, RevenuePeriod, RevenueSchedule
from tollway.canonical.case import Category
from tollway.canonical.contract import ContractType, Dimensions
from tollway.canonical.customer import CreditStatus, CustomerDetails, CustomerQuery
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails, InvoiceStatus
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import ProjectDetails
from tollway.canonical.record import Cursor
from tollway.ports.connection import Shared
from tollway.problems import Conflict, Malformed, NotFound, Rejected, StartupError

TODAY = dt.datetime.now(dt.UTC).date()
DAY = dt.timedelta(days=1)


def dollars(amount: str, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def customer_details(**changes: Any) -> CustomerDetails:
    code = secrets.token_hex(6)
    details = CustomerDetails(
        account_id=f"001{code}",
        legal_entity="US",
        name=f"Acme {code} Inc",
        currency="USD",
        payment_days=30,
        billing_address=Address(street="1 Main St", city="Oakland", postal_code="94607", region="CA", country="US"),
        billing_email="ap@acme.example",
    )
    return msgspec.structs.replace(details, **changes)


def project_details(customer: CustomerDetails, **changes: Any) -> ProjectDetails:
    deal = f"006{secrets.token_hex(6)}"
    details = ProjectDetails(
        number=f"PRJ-{deal}",
        deal_id=deal,
        account_id=customer.account_id,
        name="Warehouse automation",
        legal_entity=customer.legal_entity,
        currency=customer.currency,
        contract_type=ContractType.FIXED_FEE,
        value=dollars("300.00", customer.currency),
        start=TODAY,
        end=TODAY + 90 * DAY,
        dimensions=Dimensions(service_line="IMP", cost_centre="IMP"),
    )
    return msgspec.structs.replace(details, **changes)


def billing_plan(project: ProjectDetails, *amounts: str, **changes: Any) -> BillingPlan:
    lines = [
        BillingPlanLine(
            id=f"{project.number}-BP-{place}",
            description=f"Milestone {place}",
            amount=dollars(amount, project.currency),
            due=TODAY - place * DAY,
        )
        for place, amount in enumerate(amounts, 1)
    ]
    plan = BillingPlan(
        project_number=project.number,
        legal_entity=project.legal_entity,
        currency=project.currency,
        contract_type=project.contract_type,
        lines=lines,
    )
    return msgspec.structs.replace(plan, **changes)


def invoice_details(project: ProjectDetails, **changes: Any) -> InvoiceDetails:
    details = InvoiceDetails(
        reference=f"{project.number}-001",
        legal_entity=project.legal_entity,
        account_id=project.account_id,
        project_number=project.number,
        currency=project.currency,
        date=TODAY,
        payment_days=30,
        purchase_order="PO-77",
        lines=[
            line("time", "7.5", "100.00", "750.00", project.currency),
            line("milestone", "1", "9250.00", "9250.00", project.currency),
        ],
    )
    return msgspec.structs.replace(details, **changes)


def line(kind: str, quantity: str, price: str, amount: str, currency: str = "USD") -> InvoiceLineDetails:
    return InvoiceLineDetails(
        source_id=f"{kind}:{secrets.token_hex(4)}",
        kind=kind,
        description=f"A line of {kind}",
        quantity=Decimal(quantity),
        unit_price=dollars(price, currency),
        amount=dollars(amount, currency),
    )


@pytest_asyncio.fixture
async def erp(tables: dict[str, Any]) -> AsyncIterator[TrytonErp]:
    connection = build_tryton("tryton", tables, Shared())
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def customer(erp: TrytonErp) -> CustomerDetails:
    details = customer_details()
    await erp.create_customer(details)
    return details


@pytest_asyncio.fixture
async def project(erp: TrytonErp, customer: CustomerDetails) -> ProjectDetails:
    details = project_details(customer)
    await erp.create_project(details)
    return details


async def pay(client: TrytonClient, invoice_id: str, amount: str) -> None:
    company = await client.company("US")
    methods = await client.call(
        "model.account.invoice.payment.method.search", [("company", "=", company)], 0, 1, None, company=company
    )
    await client.pay(int(invoice_id), Decimal(amount), methods[0], TODAY, company=company)


async def test_check_logs_in_and_counts_companies(erp):
    """A connection that works says which Tryton it is and how many of its companies are ours."""
    assert await erp.check() == "Tryton 8.2, 3 companies"


async def test_a_missing_setting_is_named(tables):
    """Without the database's name the connection is refused, naming the setting."""
    del tables["database"]
    with pytest.raises(StartupError, match="connections.books.database is missing"):
        build_tryton("books", tables, Shared())


async def test_capabilities_are_those_of_tryton(erp):
    """Tryton holds all but revenue schedules, which it refuses and does not find."""
    held = await erp.capabilities("US")
    assert (held.projects, held.billing_plan, held.revenue_schedule, held.credit_limit) == (True, True, False, True)
    period = RevenuePeriod(month=TODAY.replace(day=1), amount=dollars("1.00"))
    schedule = RevenueSchedule(project_number="PRJ-1", legal_entity="US", currency="USD", periods=[period])
    with pytest.raises(Rejected, match="no revenue schedules"):
        await erp.set_revenue_schedule(schedule)
    assert await erp.find_revenue_schedule("US", "PRJ-1") is None


async def test_an_unknown_legal_entity_names_its_setting(erp):
    """A legal entity without a company is refused with the setting to add it to."""
    with pytest.raises(Rejected, match="connections.tryton.legal_entities.FR") as refused:
        await erp.find_customer("FR", "001")
    assert refused.value.category == Category.UNMAPPED_LEGAL_ENTITY


async def test_a_customer_is_created_once(erp):
    """Creating a customer again answers the same one, which is then found by its account."""
    wanted = customer_details(tax_registration="12-3456789")
    assert await erp.find_customer("US", wanted.account_id) is None
    created = await erp.create_customer(wanted)
    assert (created.number, created.account_id, created.name) == (wanted.account_id, wanted.account_id, wanted.name)
    assert (created.tax_registration, created.credit) == ("12-3456789", CreditStatus.GOOD)
    assert await erp.create_customer(wanted) == created
    assert await erp.find_customer("US", wanted.account_id) == created


async def test_racing_creates_make_one_customer(erp):
    """Of creates that race, all answer the one customer that there is."""
    wanted = customer_details()
    answers = await asyncio.gather(*(erp.create_customer(wanted) for _ in range(4)))
    assert len({answer.id for answer in answers}) == 1


async def test_a_customer_of_one_company_serves_another_on_its_own_terms(erp, client, customer):
    """The party is shared, and what the second company has no value of yet is brought by its create."""
    found = await erp.find_customer("GB", customer.account_id)
    again = msgspec.structs.replace(customer, legal_entity="GB", currency="GBP", payment_days=60)
    created = await erp.create_customer(again)
    assert created.id == found.id
    assert created.balance == dollars("0.00", "GBP")
    names = ["customer_payment_term.name"]
    terms = [
        await client.call("model.party.party.read", [int(created.id)], names, company=await client.company(entity))
        for entity in ("US", "GB")
    ]
    assert [term[0]["customer_payment_term."]["name"] for term in terms] == ["Net 30", "Net 60"]


@pytest.mark.parametrize(
    ("country", "registration", "shown"),
    [("GB", "GB 980 7806 84", "GB 980 7806 84"), ("DE", "DE136695976", "DE 136695976")],
)
async def test_a_tax_registration_is_kept_with_its_country(erp, country, registration, shown):
    """Tryton formats tax registrations by country, and they come back whole and are found however grouped."""
    wanted = customer_details(
        legal_entity="GB", tax_registration=registration, billing_address=Address(city="There", country=country)
    )
    created = await erp.create_customer(wanted)
    assert created.tax_registration == shown
    query = CustomerQuery(legal_entity="GB", account_id="001other", name="Other", tax_registration=registration.lower())
    assert created in (await erp.match_customers(query)).by_tax_registration


async def test_an_invalid_tax_registration_is_named(erp):
    """A tax registration with wrong check digits is a refusal about the tax registration that quotes it."""
    address = Address(city="London", country="GB")
    wanted = customer_details(tax_registration="GB123456789", billing_address=address)
    with pytest.raises(Rejected, match="GB123456789") as refused:
        await erp.create_customer(wanted)
    assert refused.value.category == Category.MISSING_TAX_REGISTRATION


async def test_terms_that_nobody_configured_are_named(erp):
    """Payment days without terms are refused with the setting to add them to."""
    with pytest.raises(Rejected, match="connections.tryton.terms.7"):
        await erp.create_customer(customer_details(payment_days=7))


async def test_customers_of_finance_are_matched_and_linked(erp, client):
    """A party that finance made is matched by name without its legal form, linked once, and keeps its data."""
    company, name = await client.company("US"), f"Initech {secrets.token_hex(4)}"
    made = await client.call("model.party.party.create", [{"name": f"{name} LLC"}], company=company)
    wanted = customer_details(name=name)
    query = CustomerQuery(legal_entity="US", account_id=wanted.account_id, name=name.upper())
    matches = await erp.match_customers(query)
    assert matches.linked is None
    (known,) = matches.by_name
    assert (known.id, known.account_id) == (str(made[0]), "")
    linked = await erp.link_customer(known.id, wanted)
    assert (linked.id, linked.name, linked.number) == (known.id, f"{name} LLC", known.number)
    assert linked.account_id == wanted.account_id
    assert await erp.link_customer(known.id, wanted) == linked
    matches = await erp.match_customers(query)
    assert (matches.linked, matches.by_name) == (linked, [])
    assert await erp.create_customer(wanted) == linked


async def test_a_customer_of_another_account_is_not_linked(erp, customer):
    """Linking refuses a customer of another account, an account that has one, and a customer that is not there."""
    other = customer_details()
    linked = await erp.find_customer("US", customer.account_id)
    with pytest.raises(Conflict, match=customer.account_id):
        await erp.link_customer(linked.id, other)
    query = CustomerQuery(legal_entity="US", account_id=other.account_id, name=customer.name)
    assert [one.account_id for one in (await erp.match_customers(query)).by_name] == [customer.account_id]
    for unknown in ("999999999", "x"):
        with pytest.raises(NotFound):
            await erp.link_customer(unknown, other)


async def test_an_account_with_a_customer_takes_no_second(erp, client, customer):
    """Linking a second party to an account is a conflict of customer master data."""
    made = await client.call("model.party.party.create", [{"name": "Second"}], company=await client.company("US"))
    with pytest.raises(Rejected, match="is linked to the customer") as refused:
        await erp.link_customer(str(made[0]), customer)
    assert refused.value.category == Category.CUSTOMER_MASTER_CONFLICT


async def test_a_deactivated_customer_is_not_used(erp, client, customer):
    """A customer that finance has deactivated is a conflict to mend, not one to create anew."""
    found = await erp.find_customer("US", customer.account_id)
    company = await client.company("US")
    await client.call("model.party.party.write", [int(found.id)], {"active": False}, company=company)
    with pytest.raises(Rejected, match="deactivated"):
        await erp.create_customer(customer)


async def test_credit_is_judged_by_what_is_owed(erp, client, customer, project):
    """A customer that owes more than its limit is over it, and only in the company that set the limit."""
    found = await erp.find_customer("US", customer.account_id)
    limit = {"credit_limit_amount": Decimal("5000.00")}
    await client.call("model.party.party.write", [int(found.id)], limit, company=await client.company("US"))
    assert (await erp.find_customer("US", customer.account_id)).credit is CreditStatus.GOOD
    invoice = await erp.create_invoice(invoice_details(project))
    await erp.post_invoice("US", invoice.reference)
    owing = await erp.find_customer("US", customer.account_id)
    assert (owing.credit, owing.credit_limit, owing.balance) == (
        *(CreditStatus.OVER_LIMIT, dollars("5000.00")),
        dollars("10875.00"),
    )
    assert (await erp.find_customer("GB", customer.account_id)).credit is CreditStatus.GOOD


async def test_a_project_is_created_once(erp, customer):
    """Creating a project again, even at the same time, answers the same one, which is then found by its number."""
    wanted = project_details(customer)
    assert await erp.find_project("US", wanted.number) is None
    created, again = await asyncio.gather(erp.create_project(wanted), erp.create_project(wanted))
    assert created == again == await erp.find_project("US", wanted.number)
    assert (created.number, created.deal_id, created.account_id) == (wanted.number, wanted.deal_id, wanted.account_id)
    assert (created.currency, created.status, created.closed) == ("USD", "Open", False)


async def test_a_number_that_begins_alike_is_another_project(erp, customer, project):
    """A project is known by its whole number, and only in its legal entity."""
    longer = msgspec.structs.replace(project, number=f"{project.number}0", name="Another")
    created = await erp.create_project(longer)
    assert created.id != (await erp.find_project("US", project.number)).id
    assert await erp.find_project("US", project.number[:-1]) is None
    assert await erp.find_project("GB", project.number) is None


async def test_a_project_needs_its_customer(erp):
    """A project of an account without a customer is refused."""
    with pytest.raises(Rejected, match="no customer for account"):
        await erp.create_project(project_details(customer_details()))


async def test_a_project_is_closed_with_its_tasks(erp, project):
    """Closing completes project and plan; closing again changes nothing; a closed project takes no new plan."""
    plan = billing_plan(project, "100.00", "200.00")
    await erp.set_billing_plan(plan)
    await erp.close_project("US", project.number)
    closed = await erp.find_project("US", project.number)
    assert (closed.closed, closed.status) == (True, "Done")
    await erp.close_project("US", project.number)
    assert await erp.set_billing_plan(plan) == plan
    with pytest.raises(Rejected, match="is closed") as refused:
        await erp.set_billing_plan(billing_plan(project, "300.00"))
    assert refused.value.category == Category.PROJECT_CLOSED
    with pytest.raises(NotFound):
        await erp.close_project("US", "PRJ-nothing")


async def test_a_billing_plan_is_read_back_as_it_was_set(erp, project):
    """A plan is found exactly as set, in its order, after it was set twice and then replaced by another."""
    assert await erp.find_billing_plan("US", project.number) is None
    for plan in (
        *[billing_plan(project, "100.00", "200.00", "50.50")] * 2,
        billing_plan(project, "120.00", "200.00"),
        billing_plan(project, "120.00", "200.00", "7.00", contract_type=ContractType.TIME_AND_MATERIALS),
    ):
        assert await erp.set_billing_plan(plan) == plan
        assert await erp.find_billing_plan("US", project.number) == plan
    with pytest.raises(NotFound):
        await erp.set_billing_plan(billing_plan(msgspec.structs.replace(project, number="PRJ-nothing"), "1.00"))


async def test_a_plan_in_a_foreign_currency_is_read_back_as_it_was_set(erp, customer):
    """A plan in another currency than the company's keeps its amounts and gives Tryton no price to misread."""
    project = project_details(customer, currency="EUR")
    await erp.create_project(project)
    plan = billing_plan(project, "100.00", "200.00")
    await erp.set_billing_plan(plan)
    assert await erp.find_billing_plan("US", project.number) == plan


async def test_a_price_that_finance_changes_is_the_plans(erp, client, project):
    """The billing plan is what Tryton holds now, not what was sent once."""
    await erp.set_billing_plan(billing_plan(project, "100.00"))
    company = await client.company("US")
    parent = int((await erp.find_project("US", project.number)).id)
    tasks = await client.call("model.project.work.search", [("parent", "=", parent)], 0, 1, None, company=company)
    await client.call("model.project.work.write", tasks, {"list_price": Decimal("90.00")}, company=company)
    assert (await erp.find_billing_plan("US", project.number)).lines[0].amount == dollars("90.00")


async def test_an_invoice_is_drafted_posted_and_paid(erp, client, project):
    """An invoice is taxed as a draft, numbered when posted, and its status follows what is paid."""
    wanted = invoice_details(project)
    assert await erp.find_invoice("US", wanted.reference) is None
    draft = await erp.create_invoice(wanted)
    assert (draft.status, draft.number, draft.project_number) == (InvoiceStatus.DRAFT, "", project.number)
    assert (draft.net, draft.tax, draft.total) == (dollars("10000.00"), dollars("875.00"), dollars("10875.00"))
    assert await erp.create_invoice(wanted) == draft
    posted = await erp.post_invoice("US", wanted.reference)
    assert posted.number.startswith(f"INV-US-{TODAY.year}-")
    assert (posted.status, posted.paid, posted.due) == (InvoiceStatus.OPEN, dollars("0.00"), TODAY + 30 * DAY)
    assert await erp.post_invoice("US", wanted.reference) == posted
    assert await erp.create_invoice(wanted) == posted
    await pay(client, posted.id, "1000.00")
    partly = await erp.find_invoice("US", wanted.reference)
    assert (partly.status, partly.paid) == (InvoiceStatus.PARTLY_PAID, dollars("1000.00"))
    await pay(client, posted.id, "9875.00")
    paid = await erp.find_invoice("US", wanted.reference)
    assert (paid.status, paid.paid, paid.due) == (InvoiceStatus.PAID, dollars("10875.00"), TODAY + 30 * DAY)


async def test_lines_carry_what_they_bill(erp, client, project):
    """Every line keeps its source, its product and its description; the invoice its purchase order."""
    wanted = invoice_details(project)
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


async def test_amounts_are_billed_to_the_cent(erp, project):
    """Where Tryton rounds another way, the invoice still comes to exactly the amounts of its lines."""
    lines = [line("time", "0.25", "100.50", "25.13"), line("time", "0.5", "100.01", "50.01")]
    invoice = await erp.create_invoice(invoice_details(project, lines=lines))
    assert invoice.net == dollars("75.14")
    wrong = invoice_details(project, reference=f"{project.number}-002", lines=[line("time", "2", "10.00", "21.00")])
    with pytest.raises(Rejected, match="2 times 10.00 is not 21.00"):
        await erp.create_invoice(wrong)
    assert await erp.find_invoice("US", wrong.reference) is None


async def test_racing_creates_make_one_invoice(erp, project):
    """Of creates of one reference that race, all answer the one invoice that there is."""
    wanted = invoice_details(project)
    answers = await asyncio.gather(*(erp.create_invoice(wanted) for _ in range(3)))
    assert len({answer.id for answer in answers}) == 1
    assert [invoice.id for invoice in await erp.project_invoices("US", project.number)] == [answers[0].id]


async def test_an_invoice_needs_its_customer_and_its_product(erp, customer, project):
    """An invoice of an account without a customer, or with a line of an unknown kind, is refused."""
    with pytest.raises(Rejected, match="no customer for account"):
        await erp.create_invoice(invoice_details(project, account_id="001nobody"))
    with pytest.raises(Rejected, match="connections.tryton.products.licence"):
        await erp.create_invoice(invoice_details(project, lines=[line("licence", "1", "1.00", "1.00")]))
    with pytest.raises(NotFound):
        await erp.post_invoice("US", "PRJ-nothing-001")


async def test_an_invoice_needs_an_address(erp, client):
    """An invoice of a party without an address is refused in words that say so."""
    made = await client.call("model.party.party.create", [{"name": "Bare"}], company=await client.company("US"))
    wanted = customer_details()
    await erp.link_customer(str(made[0]), wanted)
    with pytest.raises(Rejected, match="needs an address"):
        await erp.create_invoice(invoice_details(project_details(wanted)))


async def test_invoices_are_posted_in_the_order_of_their_dates(erp, customer):
    """A date before that of an invoice with a number is refused in words; a later one is posted."""
    wanted = msgspec.structs.replace(customer, legal_entity="DE", currency="EUR")
    await erp.create_customer(wanted)
    project = project_details(wanted)
    late = invoice_details(project, date=dt.date(TODAY.year + 1, 12, 30))
    early = invoice_details(project, reference=f"{project.number}-002", date=dt.date(TODAY.year + 1, 12, 29))
    for details in (late, early):
        await erp.create_invoice(details)
    assert (await erp.post_invoice("DE", late.reference)).status is InvoiceStatus.OPEN
    with pytest.raises(Rejected, match=rf"does not post invoice {early.reference}: .*invoice date") as refused:
        await erp.post_invoice("DE", early.reference)
    assert refused.value.category == Category.PLATFORM_REFUSED
    assert (await erp.find_invoice("DE", early.reference)).status is InvoiceStatus.DRAFT


async def test_a_customer_who_is_exempt_pays_no_tax(client, tables):
    """The tax rule of the settings frees an exempt customer; without one, exempt customers are refused."""
    company, name = await client.company("US"), f"Exempt {secrets.token_hex(4)}"
    rule = {"name": name, "kind": "sale", "company": company, "lines": [["create", [{"tax": None}]]]}
    await client.call("model.account.tax.rule.create", [rule], company=company)
    wanted = customer_details(tax_exempt=True)
    without, erp = (build_tryton("tryton", tables | {"tax_exempt_rule": rule}, Shared()) for rule in ("", name))
    with pytest.raises(Rejected, match="tax_exempt_rule"):
        await without.create_customer(wanted)
    await erp.create_customer(wanted)
    invoice = await erp.create_invoice(invoice_details(project_details(wanted)))
    assert (invoice.tax, invoice.total) == (dollars("0.00"), dollars("10000.00"))
    for connection in (without, erp):
        await connection.close()


async def test_invoices_of_a_project_are_listed_oldest_first(erp, project):
    """A project's invoices are those that name it, by date."""
    later = invoice_details(project, reference=f"{project.number}-002")
    earlier = invoice_details(project, date=TODAY - DAY)
    longer = msgspec.structs.replace(project, number=f"{project.number}0")
    for details in (later, earlier, invoice_details(longer)):
        await erp.create_invoice(details)
    listed = await erp.project_invoices("US", project.number)
    assert [invoice.reference for invoice in listed] == [earlier.reference, later.reference]
    assert await erp.project_invoices("GB", project.number) == []


async def test_changes_go_on_from_the_cursor(erp, client, project):
    """Drafting, posting, paying and crediting each show as one change after the last; nothing comes twice."""
    wanted = invoice_details(project)
    cursor = await latest(erp, Cursor(moment=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)))
    draft = await erp.create_invoice(wanted)
    for happen in (
        lambda: erp.post_invoice("US", wanted.reference),
        lambda: pay(client, draft.id, "500.00"),
    ):
        cursor = await changed(erp, cursor, wanted.reference)
        await happen()
    cursor = await changed(erp, cursor, wanted.reference)
    assert (await erp.invoice_changes("US", cursor)).items == []
    with pytest.raises(Malformed):
        await erp.invoice_changes("US", Cursor(moment=cursor.moment, id="x"))


async def test_a_credited_invoice_is_cancelled_and_its_credit_note_is_not_ours(erp, client, project):
    """A credit note cancels our invoice, which counts as its change; the note itself has no reference of ours."""
    wanted = invoice_details(project)
    await erp.create_invoice(wanted)
    posted = await erp.post_invoice("US", wanted.reference)
    cursor = await latest(erp, Cursor(moment=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)))
    await client.credit(int(posted.id), TODAY, company=await client.company("US"))
    await changed(erp, cursor, wanted.reference)
    (credited,) = await erp.project_invoices("US", project.number)
    assert (credited.status, credited.paid) == (InvoiceStatus.CANCELLED, dollars("0.00"))


async def test_a_copy_that_somebody_makes_is_not_the_invoice(erp, client, project):
    """Tryton copies the reference along, and still the first invoice is the one it stands for."""
    invoice = await erp.create_invoice(invoice_details(project))
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
