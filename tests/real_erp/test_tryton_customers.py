"""Customers in the real Tryton: created once, matched, linked, and judged by their credit."""

import asyncio
import secrets
from decimal import Decimal

import msgspec
import pytest

from system_apis.erp.tryton.operations import build_tryton
from tollway.canonical.case import Category
from tollway.canonical.customer import CreditStatus, CustomerQuery
from tollway.canonical.party import Address
from tollway.ports.connection import Shared
from tollway.problems import Conflict, NotFound, Rejected


async def test_a_customer_is_created_once(erp, make):
    """Creating a customer again answers the same one, which is then found by its account."""
    wanted = make.customer(tax_registration="12-3456789")
    assert await erp.find_customer("US", wanted.account_id) is None
    created = await erp.create_customer(wanted)
    assert (created.number, created.account_id, created.name) == (wanted.account_id, wanted.account_id, wanted.name)
    assert (created.tax_registration, created.credit) == ("12-3456789", CreditStatus.GOOD)
    assert await erp.create_customer(wanted) == created
    assert await erp.find_customer("US", wanted.account_id) == created


async def test_racing_creates_make_one_customer(tables, make):
    """Of creates that race over connections of their own, all answer the one customer that there is."""
    wanted = make.customer()
    connections = [build_tryton("tryton", tables, Shared()) for _ in range(4)]
    answers = await asyncio.gather(*(connection.create_customer(wanted) for connection in connections))
    assert len({answer.id for answer in answers}) == 1
    for connection in connections:
        await connection.close()


async def test_a_customer_of_one_company_serves_another_on_its_own_terms(client, tables, make):
    """The party is shared, and what the second company has no value of yet is brought by its create."""
    companies = [await client.company(entity) for entity in ("US", "GB")]
    name = f"Exempt {secrets.token_hex(4)}"
    rules = [(await make.tax_rule(client, company, name)) for company in companies]
    erp = build_tryton("tryton", tables | {"tax_exempt_rule": name}, Shared())
    wanted = make.customer(tax_exempt=True)
    first = await erp.create_customer(wanted)
    assert (await erp.find_customer("GB", wanted.account_id)).balance == make.money("0.00", "GBP")
    again = await erp.create_customer(msgspec.structs.replace(wanted, legal_entity="GB", currency="GBP"))
    assert again.id == first.id
    field = ["customer_tax_rule"]
    read = [await client.call("model.party.party.read", [int(first.id)], field, company=one) for one in companies]
    assert [found[0]["customer_tax_rule"] for found in read] == rules
    await erp.close()


@pytest.mark.parametrize(
    ("country", "registration", "shown"),
    [("GB", "GB 980 7806 84", "GB 980 7806 84"), ("DE", "DE136695976", "DE136695976")],
)
async def test_a_tax_registration_is_kept_with_its_country(erp, country, registration, shown, make):
    """Tryton formats tax registrations by country, and they come back whole and are found however grouped."""
    wanted = make.customer(
        legal_entity="GB", tax_registration=registration, billing_address=Address(city="There", country=country)
    )
    created = await erp.create_customer(wanted)
    assert created.tax_registration == shown
    query = CustomerQuery(legal_entity="GB", account_id="001other", name="Other", tax_registration=registration.lower())
    assert created in (await erp.match_customers(query)).by_tax_registration


async def test_an_invalid_tax_registration_is_named(erp, make):
    """A tax registration with wrong check digits is a refusal about the tax registration that quotes it."""
    address = Address(city="London", country="GB")
    wanted = make.customer(tax_registration="GB123456789", billing_address=address)
    with pytest.raises(Rejected, match="GB123456789") as refused:
        await erp.create_customer(wanted)
    assert refused.value.category == Category.MISSING_TAX_REGISTRATION


async def test_terms_that_nobody_configured_are_named(erp, make):
    """Payment days without terms are refused with the setting to add them to."""
    with pytest.raises(Rejected, match=r"connections\.tryton\.terms\.7"):
        await erp.create_customer(make.customer(payment_days=7))


async def test_customers_of_finance_are_matched_and_linked(erp, client, make):
    """A party that finance made is matched by name without its legal form, linked once, and keeps its data."""
    company, name = await client.company("US"), f"Initech {secrets.token_hex(4)}"
    made = await client.call("model.party.party.create", [{"name": f"{name} LLC"}], company=company)
    wanted = make.customer(name=name)
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


async def test_a_customer_of_another_account_is_not_linked(erp, customer, make):
    """Linking refuses a customer of another account, an account that has one, and a customer that is not there."""
    other = make.customer()
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


async def test_credit_is_judged_by_what_is_owed(erp, client, customer, project, make):
    """A customer that owes more than its limit is over it, and only in the company that set the limit."""
    found = await erp.find_customer("US", customer.account_id)
    limit = {"credit_limit_amount": Decimal("5000.00")}
    await client.call("model.party.party.write", [int(found.id)], limit, company=await client.company("US"))
    assert (await erp.find_customer("US", customer.account_id)).credit is CreditStatus.GOOD
    invoice = await erp.create_invoice(make.invoice(project))
    await erp.post_invoice("US", invoice.reference)
    owing = await erp.find_customer("US", customer.account_id)
    assert (owing.credit, owing.credit_limit, owing.balance) == (
        *(CreditStatus.OVER_LIMIT, make.money("5000.00")),
        make.money("10875.00"),
    )
    assert (await erp.find_customer("GB", customer.account_id)).credit is CreditStatus.GOOD
