"""The client against the real Tryton: what its answers mean is what the client says they mean."""

import asyncio
import datetime as dt
import secrets
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.settings import TrytonSettings
from tollway.http.platforms import PlatformClient
from tollway.problems import Conflict, ContractDrift, Rejected, Unavailable

TODAY = dt.datetime.now(dt.UTC).date()
TOTALS = ["number", "state", "untaxed_amount", "tax_amount", "total_amount", "amount_to_pay", "payment_term_date"]


async def first(client: TrytonClient, model: str, *domain: tuple[str, str, Any], company: int | None = None) -> int:
    found = await client.call(f"model.{model}.search", list(domain), 0, 1, None, company=company)
    return found[0]


async def make_customer(client: TrytonClient, company: int, **values: Any) -> tuple[int, str]:
    code = f"SF-{secrets.token_hex(6)}"
    address = {
        "street": "1 Main St",
        "postal_code": "94607",
        "city": "Oakland",
        "country": await first(client, "country.country", ("code", "=", "US")),
        "invoice": True,
    }
    term = await first(client, "account.invoice.payment_term", ("name", "=", "Net 30"))
    party = {"name": "Globex", "code": code, "customer_payment_term": term, "addresses": [["create", [address]]]}
    created = await client.call("model.party.party.create", [party | values], company=company)
    return created[0], code


async def draft_invoice(client: TrytonClient, company: int, date: dt.date = TODAY, **values: Any) -> int:
    party, code = await make_customer(client, company)
    own = ("company", "=", company)
    category = await first(client, "product.category", ("name", "=", "Services"))
    names = ["account_revenue", "customer_taxes"]
    service = (await client.call("model.product.category.read", [category], names, company=company))[0]
    receivable = "default_account_receivable"
    books = (await client.call("model.account.configuration.read", [1], [receivable], company=company))[0]
    taxes = [("id", "in", service["customer_taxes"]), own]
    currency = (await client.call("model.company.company.read", [company], ["currency"]))[0]["currency"]
    line = {
        "type": "line",
        "company": company,
        "currency": currency,
        "product": await first(client, "product.product", ("code", "=", "FIX-M")),
        "unit": await first(client, "product.uom", ("name", "=", "Unit")),
        "account": service["account_revenue"],
        "description": "Design phase",
        "quantity": 1.0,
        "unit_price": Decimal("10000.00"),
        "taxes": [["add", [await first(client, "account.tax", *taxes, company=company)]]],
    }
    invoice = {
        "type": "out",
        "company": company,
        "party": party,
        "invoice_address": await first(client, "party.address", ("party", "=", party)),
        "currency": currency,
        "account": books[receivable],
        "payment_term": await first(client, "account.invoice.payment_term", ("name", "=", "Net 30")),
        "journal": await first(client, "account.journal", ("type", "=", "revenue")),
        "invoice_date": date,
        "reference": f"TW-{code}",
        "lines": [["create", [line]]],
    }
    return (await client.call("model.account.invoice.create", [invoice | values], company=company))[0]


async def read(client: TrytonClient, invoice: int, company: int) -> dict[str, Any]:
    return (await client.call("model.account.invoice.read", [invoice], TOTALS, company=company))[0]


async def test_every_legal_entity_has_its_company(client, tryton):
    found = [await client.company(code) for code in ("US", "GB", "DE")]
    assert found == list(tryton.companies.values())
    with pytest.raises(Unavailable, match="companies named '' for the legal entity FR"):
        await client.company("FR")


async def test_a_wrong_password_is_told_as_a_setting_to_check(tryton_settings):
    http = PlatformClient("Tryton", tryton_settings.url)
    wrong = TrytonClient(msgspec.structs.replace(tryton_settings, password="wrong-password"), http)
    with pytest.raises(Unavailable, match="refuses the login of integration"):
        await wrong.company("US")
    await http.close()


async def test_a_customer_is_found_by_code_tax_identifier_and_name(client):
    company = await client.company("US")
    identifier = {"type": "us_ein", "code": "12-3456789"}
    party, code = await make_customer(client, company, name="Initech", identifiers=[["create", [identifier]]])
    for clause in (("code", "=", code), ("identifiers.code", "=", "12-3456789"), ("name", "ilike", "INITECH")):
        assert party in await client.call("model.party.party.search", [clause], 0, 10, None, company=company)


async def test_a_code_is_given_once_and_the_refusal_says_so(client):
    company = await client.company("US")
    _, code = await make_customer(client, company)
    with pytest.raises(Rejected, match="code on party must be unique"):
        await make_customer(client, company, code=code)


async def test_racing_creates_of_one_code_make_one_customer(client):
    company, code = await client.company("US"), f"SF-{secrets.token_hex(6)}"
    racing = [make_customer(client, company, code=code) for _ in range(4)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Rejected"] * 3 + ["tuple"]


async def test_amounts_dates_and_moments_come_back_as_they_are(client):
    company = await client.company("US")
    party, _ = await make_customer(client, company, credit_limit_amount=Decimal("25000.10"))
    names = ["credit_limit_amount", "create_date"]
    found = (await client.call("model.party.party.read", [party], names, company=company))[0]
    assert found["credit_limit_amount"] == Decimal("25000.10")
    assert abs(found["create_date"].replace(tzinfo=dt.UTC) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    other = await client.company("GB")
    found = (await client.call("model.party.party.read", [party], names, company=other))[0]
    assert found["credit_limit_amount"] is None


@pytest.mark.parametrize(("entity", "tax"), [("US", "875.00"), ("GB", "2000.00"), ("DE", "1900.00")])
async def test_an_invoice_is_taxed_numbered_and_paid_in_parts(client, entity, tax):
    company = await client.company(entity)
    invoice = await draft_invoice(client, company)
    total = Decimal(10000) + Decimal(tax)
    assert (await read(client, invoice, company))["total_amount"] == total
    await client.post([invoice], company)
    posted = await read(client, invoice, company)
    assert posted["number"].startswith(f"INV-{entity}-{TODAY.year}-")
    assert (posted["state"], posted["tax_amount"], posted["amount_to_pay"]) == ("posted", Decimal(tax), total)
    bank = await first(client, "account.invoice.payment.method", ("company", "=", company))
    await client.pay(invoice, Decimal("1000.00"), bank, TODAY, company=company, description="Transfer 1")
    assert (await read(client, invoice, company))["amount_to_pay"] == total - 1000
    await client.pay(invoice, total - 1000, bank, TODAY, company=company)
    paid = await read(client, invoice, company)
    assert (paid["state"], paid["amount_to_pay"]) == ("paid", Decimal(0))


async def test_a_posted_invoice_is_cancelled_by_a_credit_note(client):
    company = await client.company("US")
    invoice = await draft_invoice(client, company)
    await client.post([invoice], company)
    note = await read(client, await client.credit(invoice, TODAY, company=company), company)
    assert note["number"].startswith(f"CN-US-{TODAY.year}-")
    assert note["total_amount"] == Decimal("-10875.00")
    assert (await read(client, invoice, company))["state"] == "cancelled"


async def test_racing_posts_of_one_company_all_succeed(client):
    company = await client.company("US")
    invoices = [await draft_invoice(client, company) for _ in range(3)]
    await asyncio.gather(*(client.post([invoice], company) for invoice in invoices))
    numbers = {(await read(client, invoice, company))["number"] for invoice in invoices}
    assert len(numbers) == 3


async def test_a_warning_refuses_unless_it_is_to_be_skipped(client):
    company = await client.company("DE")
    invoice = await draft_invoice(client, company, dt.date(TODAY.year + 1, 6, 30))
    with pytest.raises(Rejected, match="asks for confirmation"):
        await client.post([invoice], company)
    await client.post([invoice], company, skip_warnings={"invoice_date_future"})
    assert (await read(client, invoice, company))["state"] == "posted"


async def test_a_stale_write_is_a_conflict(client):
    company = await client.company("US")
    party, _ = await make_customer(client, company)
    stamp = (await client.call("model.party.party.read", [party], ["_timestamp"], company=company))[0]["_timestamp"]
    context = {"_timestamp": {f"party.party,{party}": stamp}}
    await client.call("model.party.party.write", [party], {"name": "First"}, company=company, context=context)
    with pytest.raises(Conflict):
        await client.call("model.party.party.write", [party], {"name": "Second"}, company=company, context=context)


async def test_what_tryton_does_not_know_is_drift(client):
    with pytest.raises(ContractDrift, match="does not offer"):
        await client.call("model.party.party.nothing_of_the_kind")
    with pytest.raises(ContractDrift, match="failed at"):
        await client.call("model.party.party.create", [{"nothing_of_the_kind": 1}])


async def test_an_ended_session_is_renewed_once_for_all_waiting_calls(client, monkeypatch):
    company = await client.company("US")
    await client._ask("common.db.logout", [])
    ended, sent = client._authorization, []
    send = client._send

    async def counting(method: str, params: list[Any], authorization: str) -> Any:
        sent.append(method)
        return await send(method, params, authorization)

    monkeypatch.setattr(client, "_send", counting)
    await asyncio.gather(*(client.call("model.party.party.search", [], 0, 1, None, company=company) for _ in range(4)))
    assert client._authorization != ended
    assert sent.count("common.db.login") == 1


async def test_a_server_that_is_not_there_was_not_asked(tryton_settings: TrytonSettings):
    http = PlatformClient("Tryton", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await TrytonClient(tryton_settings, http).company("US")
    await http.close()


async def test_an_invoice_that_is_partly_paid_counts_as_changed(client):
    company = await client.company("US")
    invoice = await draft_invoice(client, company)
    await client.post([invoice], company)
    names = ["write_date"]
    before = (await client.call("model.account.invoice.read", [invoice], names, company=company))[0]["write_date"]
    bank = await first(client, "account.invoice.payment.method", ("company", "=", company))
    await client.pay(invoice, Decimal("500.00"), bank, TODAY, company=company)
    domain = [("company", "=", company), ("reference", "like", "TW-%"), ("write_date", ">", before)]
    order = [("write_date", "ASC"), ("id", "ASC")]
    changed = await client.call(
        "model.account.invoice.search_read", domain, 0, 100, order, ["reference", "write_date"], company=company
    )
    assert invoice in [record["id"] for record in changed]
