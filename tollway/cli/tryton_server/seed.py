"""Fill an empty Tryton database over its XML-RPC interface with what billing for services needs.

Run by the Python of Tryton's own environment, never imported. Reads a JSON object with url, database, admin (the
administrator's password), user and password (of the login to make) from its input, and prints a JSON object with
the id of each company by its name.
"""

import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any, NamedTuple

from proteus import Model, Wizard  # type: ignore[import-not-found]
from proteus.config import get_config, set_xmlrpc_session  # type: ignore[import-not-found]

YEAR = dt.datetime.now(dt.UTC).astimezone().year
YEARS = (YEAR - 1, YEAR, YEAR + 1)

CURRENCIES = (
    ("USD", "840", "US Dollar", "$", "1"),
    ("GBP", "826", "Pound Sterling", "£", "0.80"),
    ("EUR", "978", "Euro", "€", "0.90"),
)
"""Code, numeric code, name, symbol, and units for one US dollar."""

COUNTRIES: tuple[tuple[tuple[str, str, str], str, str, dict[str, str]], ...] = (
    (("US", "USA", "840"), "United States", "state", {"CA": "California", "NY": "New York", "TX": "Texas"}),
    (("GB", "GBR", "826"), "United Kingdom", "country", {"ENG": "England", "SCT": "Scotland"}),
    (("DE", "DEU", "276"), "Germany", "land", {"BE": "Berlin", "BY": "Bavaria"}),
)
"""ISO 3166 codes, name, and the kind, codes and names of some subdivisions."""

BOOKS = {"cash": "1.1.1", "receivable": "1.2.1", "payable": "2.1.1", "revenue": "4.2.2", "expense": "5.1.3"}
"""The codes, in Tryton's own chart, of what is booked where; revenue is that of services, recognised over time."""

OWED_TAX = "6.3.6"
CREDIT_DAYS = (15, 30, 45, 60)


class Company(NamedTuple):
    """A company that bills, and how."""

    code: str
    """What its document numbers begin with."""
    name: str
    currency: str
    country: str
    address: tuple[str, str, str]
    """Street, postal code and city."""
    identifier: tuple[str, str]
    """Type and value of its tax identifier, which Tryton checks."""
    tax: tuple[str, str]
    """Name and rate of what is charged on services."""


COMPANIES = (
    Company(
        *("US", "Northwind Consulting Inc", "USD", "US"),
        address=("500 Howard St", "94105", "San Francisco"),
        identifier=("us_ein", "91-1144442"),
        tax=("Sales tax 8.75 %", "0.0875"),
    ),
    Company(
        *("GB", "Northwind Consulting Ltd", "GBP", "GB"),
        address=("1 Finsbury Square", "EC2A 1AE", "London"),
        identifier=("gb_vat", "GB980780684"),
        tax=("VAT 20 %", "0.20"),
    ),
    Company(
        *("DE", "Northwind Consulting GmbH", "EUR", "DE"),
        address=("Friedrichstr. 100", "10117", "Berlin"),
        identifier=("eu_vat", "DE136695976"),
        tax=("Umsatzsteuer 19 %", "0.19"),
    ),
)


def one(model: str, *domain: tuple[str, str, Any]) -> Any:
    """The only, or first, record that matches."""
    return Model.get(model).find(list(domain), limit=1)[0]


def seed(user: str, password: str) -> dict[str, int]:
    """Make everything and return the id of each company by its name."""
    currencies = {code: make_currency(code, *rest) for code, *rest in CURRENCIES}
    countries = {country[0][0]: make_country(*country) for country in COUNTRIES}
    for days in CREDIT_DAYS:
        make_payment_term(days)
    companies = [make_company(facts, currencies, countries) for facts in COMPANIES]
    own_all(one("res.user", ("login", "=", "admin")), companies)
    category = Model.get("product.category")(name="Services", accounting=True)
    category.save()
    taxes = []
    for facts, company in zip(COMPANIES, companies, strict=True):
        with get_config().set_context(company=company.id):
            taxes.append(make_accounts(facts, company, category.id))
    # Saving a list replaces it, so all companies' taxes go in together; Tryton uses those of the invoice's company.
    category = type(category)(category.id)
    category.customer_taxes.extend([Model.get("account.tax")(tax) for tax in taxes])
    category.save()
    with get_config().set_context(company=companies[0].id):
        make_service("Consulting hour", "CONS-H", "Hour", category.id)
        make_service("Fixed-fee milestone", "FIX-M", "Unit", category.id)
    integration = Model.get("res.user")(name="Integration", login=user, password=password)
    integration.groups.extend(Model.get("res.group").find([]))
    own_all(integration, companies)
    return {facts.name: company.id for facts, company in zip(COMPANIES, companies, strict=True)}


def make_currency(code: str, numeric: str, name: str, symbol: str, rate: str) -> Any:
    """A currency with a rate that holds from before the first fiscal year."""
    currency = Model.get("currency.currency")(
        name=name, code=code, numeric_code=numeric, symbol=symbol, rounding=Decimal("0.01"), digits=2
    )
    currency.rates.new(date=dt.date(YEARS[0] - 1, 1, 1), rate=Decimal(rate))
    currency.save()
    return currency


def make_country(codes: tuple[str, str, str], name: str, kind: str, subdivisions: dict[str, str]) -> Any:
    """A country with subdivisions whose codes begin with its own."""
    code, code3, numeric = codes
    country = Model.get("country.country")(code=code, code3=code3, code_numeric=numeric, name=name)
    for part, part_name in subdivisions.items():
        country.subdivisions.new(code=f"{code}-{part}", name=part_name, type=kind)
    country.save()
    return country


def make_payment_term(days: int) -> None:
    """Everything is due after the days have passed."""
    term = Model.get("account.invoice.payment_term")(name=f"Net {days}")
    term.lines.new(type="remainder").relativedeltas.new(days=days)
    term.save()


def make_company(facts: Company, currencies: dict[str, Any], countries: dict[str, Any]) -> Any:
    """A company and the party that it is."""
    party = Model.get("party.party")(name=facts.name)
    address = party.addresses[0] if party.addresses else party.addresses.new()
    address.street, address.postal_code, address.city = facts.address
    address.country = countries[facts.country]
    kind, code = facts.identifier
    party.identifiers.new(type=kind, code=code)
    party.save()
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party, wizard.form.currency = party, currencies[facts.currency]
    wizard.execute("add")
    return one("company.company", ("party", "=", party.id))


def own_all(user: Any, companies: list[Any]) -> None:
    """Let a user see and work in every company at once."""
    mine = {company.id for company in user.companies}
    # proteus lets a record object be in one list only, so each user gets objects of its own.
    user.companies.extend([type(company)(company.id) for company in companies if company.id not in mine])
    user.company, user.company_filter = companies[0], "all"
    user.save()


def make_accounts(facts: Company, company: Any, category: int) -> int:
    """The company's chart, fiscal years, tax and way to be paid, and what its services are booked on; the tax's id."""
    make_chart(company)
    for year in YEARS:
        make_fiscal_year(facts, company, year)
    name, rate = facts.tax
    tax = Model.get("account.tax")(name=name, description=name, type="percentage", rate=Decimal(rate), company=company)
    tax.invoice_account = tax.credit_note_account = account(company, OWED_TAX)
    tax.save()
    services = Model.get("product.category")(category)
    services.account_revenue, services.account_expense = (
        account(company, BOOKS[use]) for use in ("revenue", "expense")
    )
    services.save()
    Model.get("account.invoice.payment.method")(
        name="Bank",
        company=company,
        journal=one("account.journal", ("type", "=", "cash")),
        credit_account=account(company, BOOKS["cash"]),
        debit_account=account(company, BOOKS["cash"]),
    ).save()
    return int(tax.id)


def make_chart(company: Any) -> None:
    """Tryton's own minimal chart of accounts in English."""
    template = Model.get("ir.model.data").get_id("account.account_template_root_en", get_config().context)
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template = Model.get("account.account.template")(template)
    wizard.form.company = company
    wizard.execute("create_account")
    for use in ("receivable", "payable"):
        setattr(wizard.form, f"account_{use}", account(company, BOOKS[use]))
    for use in ("expense", "revenue"):
        setattr(wizard.form, f"category_account_{use}", account(company, BOOKS[use]))
    wizard.execute("create_properties")


def account(company: Any, code: str) -> Any:
    """The company's account with a code."""
    return one("account.account", ("company", "=", company.id), ("code", "=", code))


def make_fiscal_year(facts: Company, company: Any, year: int) -> None:
    """A calendar year with a period for each month; its invoices are numbered INV-US-2026-00001 and so on."""
    fiscal_year = Model.get("account.fiscalyear")(name=str(year), company=company)
    fiscal_year.start_date, fiscal_year.end_date = dt.date(year, 1, 1), dt.date(year, 12, 31)
    fiscal_year.move_sequence = make_sequence("Account Move", f"MOVE-{facts.code}-{year}-", company)
    invoices, credits_ = (make_sequence("Invoice", f"{kind}-{facts.code}-{year}-", company) for kind in ("INV", "CN"))
    sequences = fiscal_year.invoice_sequences[0]
    sequences.out_invoice_sequence = sequences.in_invoice_sequence = invoices
    sequences.out_credit_note_sequence = sequences.in_credit_note_sequence = credits_
    fiscal_year.save()
    fiscal_year.click("create_period")


def make_sequence(kind: str, prefix: str, company: Any) -> Any:
    """A gapless sequence of numbers with five digits."""
    sequence = Model.get("ir.sequence.strict")(
        name=prefix.strip("-"),
        sequence_type=one("ir.sequence.type", ("name", "=", kind)),
        company=company,
        prefix=prefix,
        padding=5,
    )
    sequence.save()
    return sequence


def make_service(name: str, code: str, unit: str, category: int) -> None:
    """A service without a price of its own: what is billed brings it."""
    template = Model.get("product.template")(
        name=name,
        type="service",
        default_uom=one("product.uom", ("name", "=", unit)),
        list_price=Decimal(0),
        account_category=Model.get("product.category")(category),
    )
    template.products[0].suffix_code = code
    template.save()


if __name__ == "__main__":
    task = json.load(sys.stdin)
    with set_xmlrpc_session(f"{task['url']}/{task['database']}/rpc/", "admin", task["admin"]):
        json.dump(seed(task["user"], task["password"]), sys.stdout)
