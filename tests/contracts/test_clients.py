"""Every method of every domain's client, called over the network on the platform that the domain runs on.

Tryton, which has no sandbox, is called by the same clients in the journey on the real ERP.
"""

import datetime as dt
import inspect
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from policies.base import GatewayRequest, GatewayResponse, PolicyResources
from policies.request_contract import RequestContract
from tollway.canonical.customer import CustomerDetails, CustomerQuery
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails
from tollway.canonical.listing import Span
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectBilling, ProjectDetails
from tollway.canonical.record import Cursor
from tollway.canonical.statement import Engagement
from tollway.canonical.work import BilledItems
from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.contracts.published import load
from tollway.http.exchange import Answer, Call
from tollway.http.services import Services
from tollway.ports.crm import Crm
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import Conflict, NotFound
from tollway.remotes.crm import RemoteCrm
from tollway.remotes.erp import RemoteErp
from tollway.remotes.psa import RemotePsa

PORTS = {"crm": (Crm, RemoteCrm), "psa": (Psa, RemotePsa), "erp": (Erp, RemoteErp)}
LONG_AGO = Cursor(moment=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
EVER = Span(start=dt.date(2020, 1, 1), end=dt.date(2100, 1, 1))
NEVER = "NO-SUCH-THING"


class Checked(Services):
    """Services whose every exchange is held to the published contracts."""

    def __init__(self, *where: Any) -> None:
        super().__init__(*where)
        self.contracts = {name: load(CONTRACTS, SERVICES[name].contract(name)) for name in PORTS}
        self.called: set[tuple[str, str]] = set()

    async def send(self, caller: str, service: str, request: Call, *rest: Any) -> Answer:
        """Send a request that keeps to the contract, and answer with what does so."""
        if service not in self.contracts:
            return await super().send(caller, service, request, *rest)
        asked = GatewayRequest(
            method=request.method,
            raw_path=request.path.encode(),
            query=request.query,
            headers=request.headers,
            receive=lambda: _whole(request.body),
            address="",
            contract=self.contracts[service],
        )
        answered: list[Answer] = []

        async def following(_: GatewayRequest) -> GatewayResponse:
            answered.append(await super(Checked, self).send(caller, service, request, *rest))
            return GatewayResponse(answered[0].status, list(answered[0].headers), answered[0].body)

        resources: PolicyResources = None  # type: ignore[assignment]  # the policy needs none
        response = await RequestContract().wrap(following, resources)(asked)
        allowed = asked.operation.answers.of(response.status)
        assert allowed
        assert allowed.violations(response.headers, response.body) == []
        self.called.add((service, asked.operation.id))
        return answered[0]


async def _whole(body: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": False}


@pytest.fixture
async def services(served: Any) -> AsyncIterator[Checked]:
    """All services, at their addresses."""
    made = Checked(served.identity, served.urls)
    yield made
    await made.close()


@pytest.fixture
async def engagement(services: Checked, known: dict[str, str]) -> Engagement:
    """A contract that was activated, with its customer."""
    path = f"/project-activation/v1/deals/{known['deal_id']}/engagement"
    return await services.client("tests", "project-activation").call("GET", path, Engagement)


def project(engagement: Engagement) -> ProjectDetails:
    """What the project is to be."""
    contract = engagement.contract
    shared = ("deal_id", "name", "legal_entity", "currency", "contract_type", "value", "start", "end", "dimensions")
    return ProjectDetails(
        number=engagement.project_number,
        account_id=contract.account.id,
        **{name: getattr(contract, name) for name in shared},
    )


async def test_the_clients_have_the_methods_of_their_ports() -> None:
    """A client is its port, method by method, with the same parameters."""
    for port, client in PORTS.values():
        for name, method in inspect.getmembers(port, inspect.iscoroutinefunction):
            assert inspect.signature(getattr(client, name)) == inspect.signature(method), name


async def test_the_crm_is_called_by_its_contract(services: Checked, engagement: Engagement) -> None:
    """What is written onto a deal in Salesforce is found there, and what there is not is told as that."""
    crm, deal_id = RemoteCrm(services.client("tests", "crm")), engagement.contract.deal_id
    assert (await crm.deal(deal_id)).id == deal_id
    with pytest.raises(NotFound):
        await crm.deal(NEVER)
    assert deal_id in {change.id for change in (await crm.won_deals(LONG_AGO)).items}
    ever = Span(start=dt.date(2020, 1, 1), end=dt.date(2100, 1, 1))
    assert deal_id in {standing.id for standing in (await crm.deal_standings(ever, "")).items}
    with pytest.raises(Conflict):  # it is not set up to tell anything by itself
        await crm.won_deal_events("", 0)
    progress = DealProgress(deal_id=deal_id, project_number=engagement.project_number, billing_status="a:b 'c' äß")
    await crm.report_progress(progress)
    found = await crm.find_progress(deal_id)
    assert found
    assert (found.billing_status, found.project_number) == (progress.billing_status, progress.project_number)
    assert await crm.find_progress(NEVER) is None
    assert_all_called(services, "crm")


async def test_the_psa_is_called_by_its_contract(services: Checked, engagement: Engagement) -> None:
    """What is set up, marked and reported in Certinia is found there."""
    psa, details = RemotePsa(services.client("tests", "psa")), project(engagement)
    number = details.number
    assert (await psa.create_project(details)) == (await psa.find_project(number))
    plan = await psa.find_plan(number)
    assert plan
    assert await psa.set_plan(plan) == plan
    assert (await psa.project_work(number)).project_number == number
    assert (await psa.work_changes(LONG_AGO)).cursor.moment >= LONG_AGO.moment
    await psa.mark_billed(BilledItems(invoice_number="INV-0", items=[]))
    await psa.unmark_billed(BilledItems(invoice_number="INV-0", items=[]))
    assert number in {standing.project.number for standing in (await psa.project_standings("")).items}
    assert (await psa.work_entries(EVER, number, "")).items == []
    nothing = Money.zero(details.currency)
    billing = ProjectBilling(project_number=number, invoice_status="open", invoiced=nothing, paid=nothing)
    await psa.report_billing(billing)
    assert await psa.find_billing(number) == billing
    assert [await psa.find_project(NEVER), await psa.find_plan(NEVER), await psa.find_billed(NEVER)] == [None] * 3
    with pytest.raises(NotFound):
        await psa.cancel_project(NEVER)
    assert_all_called(services, "psa")


async def test_the_erp_is_called_by_its_contract(services: Checked, engagement: Engagement) -> None:
    """Customer, project, plans and an invoice that are made in NetSuite are found there."""
    erp, details, contract = RemoteErp(services.client("tests", "erp")), project(engagement), engagement.contract
    entity, number, account = contract.legal_entity, details.number, contract.account
    customer = CustomerDetails(
        account_id=account.id, legal_entity=entity, name=account.name, currency=contract.currency,
        payment_days=contract.payment_days, billing_address=account.billing_address,
        tax_registration=account.tax_registration,
    )  # fmt: skip
    assert (await erp.capabilities(entity)).projects
    query = CustomerQuery(legal_entity=entity, account_id=account.id, name=account.name)
    known = (await erp.match_customers(query)).linked
    assert known
    assert known == await erp.find_customer(entity, account.id) == await erp.link_customer(known.id, customer)
    other = msgspec.structs.replace(customer, account_id="OTHER", name="Another firm", tax_registration="")
    assert (await erp.create_customer(other)).account_id == "OTHER"
    assert (await erp.create_project(details)) == await erp.find_project(entity, number)
    plan, schedule = await erp.find_billing_plan(entity, number), await erp.find_revenue_schedule(entity, number)
    assert plan
    assert schedule
    assert await erp.set_billing_plan(plan) == plan
    assert await erp.set_revenue_schedule(schedule) == schedule
    created = await erp.create_invoice(_invoice(engagement))
    assert created == await erp.find_invoice(entity, created.reference)
    posted = await erp.post_invoice(entity, created.reference)
    assert posted in await erp.project_invoices(entity, number)
    assert posted.reference in {change.id for change in (await erp.invoice_changes(entity, LONG_AGO)).items}
    assert known.id in {listed.id for listed in (await erp.customers(entity, "")).items}
    assert number in {listed.number for listed in (await erp.projects(entity, "")).items}
    assert created.reference in {listed.reference for listed in (await erp.invoices(entity, EVER, "")).items}
    with pytest.raises(Conflict):
        await erp.cancel_invoice(entity, created.reference)
    note = await erp.credit_invoice(entity, created.reference, "")
    assert note == await erp.find_credit_note(entity, created.reference)
    assert await erp.find_credit_note(entity, NEVER) is None
    assert [await erp.find_customer(entity, NEVER), await erp.find_invoice(entity, NEVER)] == [None, None]
    await erp.close_project(entity, number)
    assert_all_called(services, "erp")


def _invoice(engagement: Engagement) -> InvoiceDetails:
    contract = engagement.contract
    price = Money(amount=Decimal("10.00"), currency=contract.currency)
    line = InvoiceLineDetails(source_id="T-1", kind="milestone", description="Blueprint", quantity=Decimal(1),
                              unit_price=price, amount=price)  # fmt: skip
    return InvoiceDetails(
        reference="invoice:tests:1", legal_entity=contract.legal_entity, account_id=contract.account.id,
        project_number=engagement.project_number, currency=contract.currency, date=dt.datetime.now(dt.UTC).date(),
        payment_days=contract.payment_days, service_line=contract.dimensions.service_line,
        cost_centre=contract.dimensions.cost_centre, lines=[line],
    )  # fmt: skip


def assert_all_called(services: Checked, name: str) -> None:
    """No operation of the contract was left out."""
    assert {operation.id for operation in services.contracts[name].operations} == {
        operation for service, operation in services.called if service == name
    }
