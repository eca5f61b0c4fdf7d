"""What is ours becomes Tryton's and back, exactly as the golden pairs say."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from system_apis.erp.tryton import invoice_mapping, mapping, models
from system_apis.erp.tryton.account import converted
from system_apis.erp.tryton.codec import decode, encode
from system_apis.erp.tryton.markers import identities, marked
from tollway.canonical.billing import BillingPlan
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectDetails
from tollway.problems import ContractDrift, Rejected

GOLDEN = Path(__file__).parent / "golden"
NUMBER = "PRJ-0065g00000Deal"
SERVICE = models.ProductDefaults(unit=1, account=102, taxes={"add": [(0, {"id": 1})]})
UNTAXED = models.ProductDefaults(unit=4, account=102)
CHOSEN = models.PartyDefaults(invoice_address=4, account=39, journal=1)


def _project(name: str) -> models.ShownProject:
    return converted(decode((GOLDEN / f"{name}.tryton.json").read_bytes()), models.ShownProject, "project.work")


WRITES: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "customer": (
        CustomerDetails,
        lambda given: mapping.party_body(
            given,
            terms=models.PartyTerms(customer_payment_term=11),
            identifier_type="gb_vat",
            country=2,
            subdivision=None,
        ),
    ),
    "exempt_customer": (
        CustomerDetails,
        lambda given: mapping.party_body(
            given,
            terms=models.PartyTerms(customer_payment_term=11, customer_tax_rule=3),
            identifier_type="",
            country=1,
            subdivision=7,
        ),
    ),
    "project": (ProjectDetails, lambda given: mapping.project_body(given, company=2, party=6)),
    "billing_plan": (
        BillingPlan,
        lambda given: models.WorkBody(
            children=mapping.plan_links(given, _project("shown_project"), company=2, product=2)
        ),
    ),
    "changed_plan": (
        BillingPlan,
        lambda given: models.WorkBody(children=mapping.plan_links(given, _project("shown_plan"), company=2, product=2)),
    ),
    "invoice": (
        InvoiceDetails,
        lambda given: invoice_mapping.invoice_body(
            given,
            company=2,
            party=6,
            currency=2,
            payment_term=11,
            chosen=CHOSEN,
            products={"time": (1, UNTAXED), "milestone": (2, SERVICE)},
        ),
    ),
}
READS: dict[str, tuple[type[models.Shown], Callable[[Any], Any]]] = {
    "shown_customer": (models.ShownParty, lambda given: mapping.customer(given, "UK")),
    "customer_over_limit": (models.ShownParty, lambda given: mapping.customer(given, "US")),
    "shown_project": (models.ShownProject, lambda given: mapping.project(given, "UK")),
    "shown_plan": (models.ShownProject, lambda given: mapping.billing_plan(given, NUMBER, "UK")),
    "draft_invoice": (models.ShownInvoice, lambda given: invoice_mapping.invoice(given, "UK")),
    "partly_paid_invoice": (models.ShownInvoice, lambda given: invoice_mapping.invoice(given, "UK")),
    "cancelled_invoice": (models.ShownInvoice, lambda given: invoice_mapping.invoice(given, "UK")),
}


def _golden(name: str, side: str) -> Any:
    return msgspec.json.decode((GOLDEN / f"{name}.{side}.json").read_bytes())


@pytest.mark.parametrize("name", WRITES)
def test_what_is_ours_becomes_what_tryton_takes(name: str) -> None:
    """The values sent for a canonical object are the golden ones, to the last field."""
    kind, convert = WRITES[name]
    ours = msgspec.convert(_golden(name, "canonical"), kind, strict=False)
    assert msgspec.json.decode(encode(models.values(convert(ours)))) == _golden(name, "tryton")


@pytest.mark.parametrize("name", READS)
def test_what_tryton_shows_becomes_ours(name: str) -> None:
    """The canonical object read from an answer is the golden one, to the last field."""
    kind, convert = READS[name]
    shown = converted(decode((GOLDEN / f"{name}.tryton.json").read_bytes()), kind, name)
    assert msgspec.json.decode(msgspec.json.encode(convert(shown))) == _golden(name, "canonical")


def test_every_golden_file_is_used() -> None:
    """No golden file lies about that no test reads."""
    expected = {f"{name}.{side}.json" for name in WRITES | READS for side in ("canonical", "tryton")}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_a_plan_that_is_there_takes_no_write() -> None:
    """Setting the plan that the tasks make already changes nothing."""
    shown = _project("shown_plan")
    plan = mapping.billing_plan(shown, NUMBER, "UK")
    assert plan is not None
    assert mapping.plan_links(plan, shown, company=2, product=2) == []


def test_the_fields_asked_for_are_those_of_the_shape() -> None:
    """Paths through relations are asked for whole, so that an answer has all that its shape needs."""
    assert models.paths(models.ShownProject) == [
        *("id", "name", "comment", "party.id", "party.code", "currency.id", "currency.code"),
        *("status.id", "status.name", "status.progress"),
        *("children.id", "children.name", "children.comment", "children.list_price", "children.sequence"),
    ]


def test_an_answer_of_another_shape_is_drift() -> None:
    """A field that is missing from an answer is named, and never made up."""
    with pytest.raises(ContractDrift, match="active"):
        converted({"id": 1}, models.ShownParty, "party.party")


@pytest.mark.parametrize("missing", ["invoice_address", "account", "journal"])
def test_an_invoice_is_not_made_without_its_parts(missing: str) -> None:
    """What Tryton has no value for is refused in words, not sent half."""
    ours = msgspec.convert(_golden("invoice", "canonical"), InvoiceDetails, strict=False)
    chosen = msgspec.structs.replace(CHOSEN, **{missing: None})
    with pytest.raises(Rejected, match="needs an address"):
        invoice_mapping.invoice_body(ours, company=2, party=6, currency=2, payment_term=11, chosen=chosen, products={})


@given(st.decimals("0.25", "4000", places=2), st.decimals("0.01", "999", places=2), st.sampled_from([1, -1]))
@example(Decimal("256.25"), Decimal("0.02"), 1)
def test_tryton_comes_to_the_amount_of_the_line(quantity: Decimal, price: Decimal, sign: int) -> None:
    """The price sent, times the quantity, rounded as Tryton rounds, is the amount as we round it, credits too."""
    unit_price = Money(amount=sign * price, currency="GBP")
    line = InvoiceLineDetails(
        source_id="x",
        kind="time",
        description="x",
        quantity=quantity,
        unit_price=unit_price,
        amount=unit_price.times(quantity),
    )
    sent = invoice_mapping.priced(line)
    assert sum(units for units, _ in sent) == quantity
    assert all(abs(each - unit_price.amount) <= invoice_mapping.SMALLEST_PRICE for _, each in sent)
    assert sum(round(units * each, 2) for units, each in sent) == line.amount.amount


@given(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:\-]{0,60}\Z"))
def test_an_identity_is_read_from_its_own_line(identity: str) -> None:
    """Whatever people write above and below, the identity comes back whole."""
    text = f"Call first.\n{marked(billing_plan_line=identity, due='2026-01-31')}  \nTollway is nice"
    assert identities(text) == {"billing plan line": identity, "due": "2026-01-31"}


@pytest.mark.parametrize(
    ("given_as", "found"),
    [
        *(("GB 980 7806 84", True), ("980780684", True), ("gb980780684", True)),
        *(("DE980780684", False), ("98078068", False), ("", False)),
    ],
)
def test_a_tax_registration_is_the_same_however_grouped(given_as: str, *, found: bool) -> None:
    """A number counts with or without its country, but never with another one, and an empty one never."""
    identifier = models.ShownIdentifier(id=1, type="gb_vat", code="980 7806 84", code_compact="980780684")
    party = models.ShownParty(
        id=1, active=True, credit_amount=Decimal(0), currency=models.Coded(id=1, code="GBP"), identifiers=[identifier]
    )
    assert mapping.is_registered(party, given_as) is found
