"""Edits over a source record fit its type, hold while it stays as it is, and end when it changes."""

import datetime as dt
from decimal import Decimal

import pytest

from tollway.canonical.casework import Edit
from tollway.canonical.deal import Account, Deal, DealMilestone
from tollway.canonical.money import Money
from tollway.cases.choices import CustomerChoices
from tollway.cases.desk import Desk
from tollway.cases.overlays import Overlays, edited
from tollway.problems import Invalid

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
DEAL = Deal(
    id="DEAL-1",
    name="Automation",
    account=Account(id="ACC-1", name="Acme"),
    milestones=[DealMilestone(id="M-1", name="Design", amount=Money(amount=Decimal("10.00"), currency="USD"))],
)


def test_edits_are_laid_over_the_record():
    """Texts, flags, days, amounts and items of lists by their id take the edit's value; the rest stays."""
    edits = [
        Edit(field="account.tax_registration", value="DE1"),
        Edit(field="account.tax_exempt", value="true"),
        Edit(field="account.billing_address.country", value="DE"),
        Edit(field="start", value="2026-11-30"),
        Edit(field="milestones.M-1.amount.amount", value="12.50"),
    ]
    result = edited(DEAL, edits)
    assert (result.account.tax_registration, result.account.tax_exempt) == ("DE1", True)
    assert (result.account.billing_address.country, result.start) == ("DE", dt.date(2026, 11, 30))
    assert result.milestones[0].amount == Money(amount=Decimal("12.50"), currency="USD")
    assert (result.name, result.account.name, result.milestones[0].name) == ("Automation", "Acme", "Design")
    assert DEAL.account.tax_registration == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", "soon"),
        ("account.tax_exempt", "perhaps"),
        ("account.billing_address.country", "Germany"),
        ("milestones.M-1.amount.amount", "NaN"),
        ("milestones.M-1.amount.currency", "XQZ"),
        ("milestones.M-2.name", "Build"),
        ("milestones", "none"),
        ("milestones.M-1", "none"),
        ("account.surprise", "1"),
        ("name.first", "1"),
    ],
)
def test_what_does_not_fit_is_refused(field, value):
    """A value that its field's type does not take, a field or an item that is not there, is refused by its place."""
    with pytest.raises(Invalid) as refused:
        edited(DEAL, [Edit(field=field, value=value)])
    assert refused.value.violations[0].pointer.startswith("/" + field.split(".")[0])


@either
async def test_edits_hold_until_the_record_changes(database):
    """Edits add up while the source's content is the same, and none comes back once it was seen changed."""
    overlays, first, second = Overlays(database), Edit(field="a", value="1"), Edit(field="b", value="2")
    await overlays.lay("DEAL-1", [first], "digest", case_id="CASE-1", by="ann")
    await overlays.lay("DEAL-1", [second], "digest", case_id="CASE-1", by="bob")
    assert await overlays.edits("DEAL-1", "digest") == [first, second]
    assert await overlays.edits("DEAL-2", "digest") == []
    assert await overlays.edits("DEAL-1", "changed") == []
    assert await overlays.edits("DEAL-1", "digest") == []
    made = await overlays.of_case("CASE-1")
    assert [(edit.by, edit.voided_at is None) for edit in made] == [("ann", False), ("bob", False)]
    history = await Desk(database).history("CASE-1")
    assert [(event.did, event.by) for event in history] == [
        ("edited", "ann"),
        ("edited", "bob"),
        ("edits dropped", "tollway"),
    ]
    await overlays.lay("DEAL-1", [second], "changed", case_id="CASE-2", by="ann")
    assert await overlays.edits("DEAL-1", "changed") == [second]


@either
async def test_a_later_choice_of_customer_takes_the_place_of_an_earlier(database):
    """Of several decisions about an account the last counts, for that legal entity."""
    choices = CustomerChoices(database)
    assert await choices.chosen("NWC-US", "ACC-1") == ""
    await choices.choose("NWC-US", "ACC-1", "7", case_id="CASE-1", by="ann")
    await choices.choose("NWC-US", "ACC-1", "8", case_id="CASE-1", by="ann")
    assert await choices.chosen("NWC-US", "ACC-1") == "8"
    assert await choices.chosen("NWC-UK", "ACC-1") == ""
