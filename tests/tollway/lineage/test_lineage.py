"""Where what was written came from is kept in the transaction that says that it was written."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from tollway import context
from tollway.audit.effects import EffectAudit
from tollway.audit.verification import verify
from tollway.canonical.casework import Edit
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer, CustomerDetails
from tollway.canonical.deal import Account
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import ProjectPlan
from tollway.cases.overlays import Overlays
from tollway.cli.lineage import MAPPINGS
from tollway.effects import Effects
from tollway.lineage.observer import LineageWriter
from tollway.lineage.taking import taking
from tollway.lineage.written import LineageRecords
from tollway.problems import Rejected
from tollway.storage.tables import audit

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
WANTED = CustomerDetails(
    account_id="ACC-1",
    legal_entity="NWC-US",
    name="Acme",
    currency="USD",
    payment_days=30,
    billing_address=Address(city="Oakland", country="US"),
    tax_registration="91-1",
)


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


CONTRACT = msgspec.convert(
    {
        "deal_id": "DEAL-1",
        "name": "Automation",
        "account": msgspec.to_builtins(Account(id="ACC-1", name="Acme")),
        "legal_entity": "NWC-US",
        "currency": "USD",
        "payment_days": 30,
        "contract_type": "time_and_materials",
        "value": {"amount": "800.00", "currency": "USD"},
        "start": "2026-01-01",
        "end": "2026-02-28",
        "dimensions": {"service_line": "ADV", "cost_centre": "CC"},
        "rates": [
            {"role": "Engineer", "hourly": {"amount": "150.00", "currency": "USD"}},
            {"role": "Architect", "hourly": {"amount": "200.00", "currency": "USD"}},
        ],
    },
    Contract,
)


class Bench:
    """Effects whose lineage is kept, and steps that bring them about."""

    def __init__(self, database) -> None:
        self.effects = Effects(database, (0.0,), [EffectAudit(LineageWriter(MAPPINGS).write)])
        self.records = LineageRecords(database)

    async def ensure_customer(self, contract) -> None:
        customer = Customer(id="77", number="CUST-7", name="Acme", legal_entity="NWC-US", account_id="ACC-1")
        await self._apply("customer:NWC-US:ACC-1", WANTED, customer)

    async def plan_delivery(self, contract) -> None:
        plan = ProjectPlan(project_number="PRJ-DEAL-1", tasks=["Engineer"], rates=contract.rates)
        await self._apply("psa-plan:PRJ-DEAL-1", plan, plan)

    async def create_invoice(self, invoice) -> None:
        await self._apply(f"invoice:{invoice.reference}", invoice, {"id": "901", "number": ""})

    async def post_invoice(self, invoice) -> None:
        await self._apply(f"invoice-posting:{invoice.reference}", invoice.reference, {"id": "901", "number": "INV9"})

    async def refused(self, contract) -> None:
        async def send():
            raise Rejected("no")

        with pytest.raises(Rejected):
            await self.effects.apply("customer:NWC-US:ACC-1", WANTED, send, self._nothing, Customer)

    async def take(self, step, given) -> None:
        """Take a step of the process `p:1`."""
        token = context.enter(msgspec.structs.replace(context.new_context(), process_id="p:1"))
        with taking(step, (given,), {}):
            await step(given)
        context.leave(token)

    async def _apply(self, identity, wanted, answer) -> None:
        async def send():
            return answer

        await self.effects.apply(identity, wanted, send, self._nothing, type(answer))

    async def _nothing(self) -> None:
        return None


@pytest.fixture
def bench(database) -> Bench:
    return Bench(database)


def field(lineage, path):
    return next(one for writing in lineage.writings for one in writing.fields if one.path == path)


@either
async def test_a_copied_field_names_its_record(bench):
    """A field that was taken as it is names system, record, field and value; who wrote it is there, too."""
    await bench.take(bench.ensure_customer, CONTRACT)
    lineage = await bench.records.lineage("customer", "NWC-US:ACC-1")
    (origin,) = field(lineage, "name").origins
    assert (origin.system, origin.record, origin.id, origin.field, origin.value) == (
        "crm", "account", "ACC-1", "name", "Acme",
    )  # fmt: skip
    (writing,) = lineage.writings
    assert (writing.step, writing.process_id, writing.deal_id, writing.system) == (
        "ensure_customer", "p:1", "DEAL-1", "erp",
    )  # fmt: skip
    assert writing.mapping == "process_apis.customer_onboarding.steps:customer_details"
    assert field(lineage, "payment_days").how.startswith("the days that the settings give")
    assert [origin.record for origin in field(lineage, "payment_days").origins] == ["deal", "setting"]


@pytest.mark.parametrize("name", ["NWC-US:ACC-1", "77", "CUST-7"])
async def test_an_object_goes_by_its_names(bench, name):
    """Our identity, the platform's id and the number that people quote all lead to the object."""
    await bench.take(bench.ensure_customer, CONTRACT)
    assert (await bench.records.lineage("customer", name)).writings[0].effect == "customer:NWC-US:ACC-1"
    assert await bench.records.lineage("project", name) is None


INVOICE = InvoiceDetails(
    reference="PRJ-DEAL-1-001",
    legal_entity="NWC-US",
    account_id="ACC-1",
    project_number="PRJ-DEAL-1",
    currency="USD",
    date=dt.date(2026, 2, 1),
    payment_days=30,
    lines=[
        InvoiceLineDetails(
            source_id="time:T-1",
            kind="time",
            description="Ann, Engineer",
            quantity=Decimal(6),
            unit_price=usd("150.00"),
            amount=usd("900.00"),
        )
    ],
)


@either
async def test_an_amount_leads_back_to_timecard_and_rate_card(bench):
    """The amount of an invoice line comes from the hours of a timecard, and from the deal's rate by way of the plan."""
    await bench.take(bench.plan_delivery, CONTRACT)
    await bench.take(bench.create_invoice, INVOICE)
    lineage = await bench.records.lineage("invoice", "PRJ-DEAL-1-001", "lines/0/amount")
    (amount,) = lineage.writings[0].fields
    assert amount.value == "900.00 USD"
    assert [(one.system, one.record, one.id, one.field, one.value) for one in amount.origins] == [
        ("psa", "billable_item", "time:T-1", "quantity", "6"),
        ("psa", "billable_item", "time:T-1", "unit_price", "150.00 USD"),
        ("crm", "deal", "DEAL-1", "rates/0/hourly", "150.00 USD"),
    ]
    assert amount.origins[2].through == "project_plan PRJ-DEAL-1 rates/0/hourly"


async def test_what_was_written_before_is_found_by_a_number_given_later(bench):
    """The number that posting brought leads to all that was written to the invoice, and a field narrows it."""
    await bench.take(bench.create_invoice, INVOICE)
    await bench.take(bench.post_invoice, INVOICE)
    lineage = await bench.records.lineage("invoice", "INV9")
    assert [writing.step for writing in lineage.writings] == ["create_invoice", "post_invoice"]
    narrowed = await bench.records.lineage("invoice", "INV9", "lines/*/quantity")
    assert [one.path for writing in narrowed.writings for one in writing.fields] == ["lines/0/quantity"]
    whole = await bench.records.lineage("invoice", "INV9", "lines/0")
    assert len(whole.writings[0].fields) == 6


@either
async def test_a_person_who_set_a_value_is_named(bench, database):
    """A value that somebody laid over the deal while mending a case names the person and the case."""
    overlay = Edit(field="account.tax_registration", value="91-1")
    await Overlays(database).lay("DEAL-1", [overlay], "d" * 64, case_id="CASE-1", by="ann")
    await bench.take(bench.ensure_customer, CONTRACT)
    lineage = await bench.records.lineage("customer", "CUST-7")
    (origin,) = field(lineage, "tax_registration").origins
    assert (origin.person, origin.case_id, origin.value) == ("ann", "CASE-1", "91-1")
    assert [one.person for one in field(lineage, "name").origins] == [""]


@either
async def test_what_was_refused_has_no_lineage(bench, database):
    """An effect that did not happen leaves neither lineage nor audit; the one that did is in the audit's chain."""
    await bench.take(bench.refused, CONTRACT)
    assert await bench.records.lineage("customer", "NWC-US:ACC-1") is None
    await bench.take(bench.ensure_customer, CONTRACT)
    async with database.transaction() as connection:
        (row,) = (await connection.execute(select(audit))).all()
    assert (row.kind, row.operation, row.about, row.subject) == (
        "deed",
        "effect.applied",
        "customer:NWC-US:ACC-1",
        "p:1",
    )
    assert (await verify(database)).broken is None


async def test_an_unknown_kind_is_kept_without_origins(bench):
    """What no mapping is for is there all the same, with its values."""
    await bench._apply("odd:1", {"x": usd("1.00"), "y": [1, True, None]}, {"id": "5"})
    (writing,) = (await bench.records.lineage("odd", "5")).writings
    assert [(one.path, one.value, one.origins) for one in writing.fields] == [
        ("x", "1.00 USD", []), ("y/0", "1", []), ("y/1", "true", []), ("y/2", "", []),
    ]  # fmt: skip
