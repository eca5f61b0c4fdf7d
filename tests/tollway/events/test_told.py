"""What settled effects, cases and engagements tell, in the transaction that makes them so."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import update

from process_apis.project_activation.engagements import Engagements
from tollway.canonical.contract import Contract, ContractType, Dimensions
from tollway.canonical.customer import Customer
from tollway.canonical.deal import Account
from tollway.canonical.event import EventType
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceStatus
from tollway.canonical.money import Money
from tollway.case_settings import CaseSettings
from tollway.cases import Cases
from tollway.cases.escalation import Escalation
from tollway.effects import Effects
from tollway.events.of_cases import EventsOfCases
from tollway.events.of_effects import EventsOfEffects
from tollway.problems import Rejected, Unavailable
from tollway.storage.leases import Leases
from tollway.storage.tables import cases

EUR = Money(amount=Decimal("10.00"), currency="EUR")
INVOICE = Invoice(
    id="1", reference="PRJ-1-001", legal_entity="NWC-UK", number="INV1", project_number="PRJ-1",
    status=InvoiceStatus.OPEN, currency="EUR", net=EUR, tax=EUR, total=EUR, paid=EUR,
)  # fmt: skip


async def _nothing():
    return None


async def told(log) -> list[tuple[str, str]]:
    return [(event.__struct_config__.tag, event.subject) for event in (await log.page(0)).items]


async def test_a_posted_invoice_is_told_once(database, log):
    """The effect that posts an invoice tells it, however often the step runs; other effects tell nothing."""
    effects = Effects(database, (0.0,), observers=[EventsOfEffects(log)])

    async def post():
        return INVOICE

    for _ in range(2):
        await effects.apply("invoice-posting:PRJ-1-001", "PRJ-1-001", post, _nothing, Invoice)
    await effects.apply("invoice:PRJ-1-001", "PRJ-1-001", post, _nothing, Invoice)
    assert await told(log) == [(EventType.INVOICE_POSTED, "PRJ-1-001")]
    (event,) = (await log.page(0)).items
    assert event.data.total == EUR


async def test_a_credit_note_is_told_once(database, log):
    """The effect that takes a posted invoice back tells the credit note's number and what it takes off."""
    effects = Effects(database, (0.0,), observers=[EventsOfEffects(log)])
    made = CreditNote(
        id="2", reference="PRJ-1-001", legal_entity="NWC-UK", number="CN1", currency="EUR", net=EUR, tax=EUR, total=EUR
    )

    async def credit():
        return made

    for _ in range(2):
        await effects.apply("credit-note:PRJ-1-001", "PRJ-1-001", credit, _nothing, CreditNote)
    assert await told(log) == [(EventType.INVOICE_CREDITED, "PRJ-1-001")]
    (event,) = (await log.page(0)).items
    assert (event.data.number, event.data.total) == ("CN1", EUR)


async def test_a_case_that_was_due_is_told_as_escalated(database, log):
    """Whoever follows the desk hears that a case is somebody else's matter now."""
    observers = [EventsOfCases(log, lambda: ["collections"])]
    case = await Cases(database, observers=observers).park("collections", "collections:1", "PRJ-1", Rejected("No."))
    past = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    async with database.transaction() as connection:
        await connection.execute(update(cases).values(escalates_at=past))
    await Escalation(database, Leases(database, "test"), CaseSettings(), observers).look()
    assert (EventType.CASE_ESCALATED, case.id) in await told(log)


async def test_an_effect_that_was_not_applied_tells_nothing(database, log):
    """A refusal is no event."""
    effects = Effects(database, (0.0,), observers=[EventsOfEffects(log)])

    async def refuse():
        raise Rejected("The period is closed.")

    with pytest.raises(Rejected):
        await effects.apply("invoice-posting:PRJ-1-001", "PRJ-1-001", refuse, _nothing, Invoice)
    assert await told(log) == []


async def test_a_case_tells_its_life(database, log):
    """Opened and resolved are told once each, parked at every halt, and of a finding that is no process never."""
    cases = Cases(database, observers=[EventsOfCases(log, lambda: ["collections"])])
    case = await cases.park("collections", "collections:1", "PRJ-1", Unavailable("It is away."))
    await cases.park("collections", "collections:1", "PRJ-1", Unavailable("It is away."))
    await cases.park("sweep", "drift:1", "PRJ-2", Unavailable("It differs."))
    await cases.resolve("collections:1")
    opened, parked, resolved = EventType.CASE_OPENED, EventType.PROCESS_PARKED, EventType.CASE_RESOLVED
    seen = await told(log)
    of_it = [kind for kind, subject in seen if subject in (case.id, "collections:1")]
    assert of_it == [opened, parked, parked, resolved]
    assert [kind for kind, _ in seen].count(opened) == 2
    assert "drift:1" not in [subject for _, subject in seen]


async def test_a_project_tells_that_it_stands_and_that_it_was_taken_back(database, log):
    """Activation and its cancellation are told with the contract's facts; a step that runs twice tells once."""
    engagements = Engagements(database, log)
    contract = Contract(
        deal_id="DEAL-1", name="Automation", account=Account(id="ACC-1", name="Acme"), legal_entity="NWC-UK",
        currency="EUR", payment_days=30,
        contract_type=ContractType.FIXED_FEE, value=EUR, start=dt.date(2026, 1, 1), end=dt.date(2026, 2, 1),
        dimensions=Dimensions(service_line="ADV", cost_centre="CC"),
    )  # fmt: skip
    customer = Customer(id="7", number="C7", account_id="ACC-1", legal_entity="NWC-UK", name="Acme")
    await engagements.begin(contract, customer)
    await engagements.activated("DEAL-1")
    await engagements.activated("DEAL-1")
    await engagements.cancelled("DEAL-1")
    number = contract.project_number
    assert await told(log) == [(EventType.PROJECT_ACTIVATED, number), (EventType.PROJECT_CANCELLED, number)]
    assert (await log.page(0)).items[0].data.value == EUR
