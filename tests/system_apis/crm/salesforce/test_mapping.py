"""Golden pairs of opportunities and deals."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from system_apis.crm.salesforce import models
from system_apis.crm.salesforce.mapping import from_progress, to_deal, to_standing
from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.listing import DealStanding
from tollway.problems import ContractDrift

GOLDEN = Path(__file__).parent / "golden"


def read(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def opportunity(**changes: Any) -> models.Opportunity:
    """The golden opportunity, changed."""
    return msgspec.convert(msgspec.json.decode(read("deal.platform")) | changes, models.Opportunity)


@pytest.mark.parametrize("name", ["deal", "bare_deal"])
def test_an_opportunity_is_this_deal(name):
    """Each opportunity of the golden files becomes exactly the deal beside it."""
    deal = to_deal(msgspec.json.decode(read(f"{name}.platform"), type=models.Opportunity))
    assert msgspec.json.decode(msgspec.json.encode(deal)) == msgspec.json.decode(read(f"{name}.canonical"))
    assert msgspec.json.decode(read(f"{name}.canonical"), type=Deal) == deal


def test_a_progress_is_these_fields():
    """Fields that a progress does not name are not sent."""
    progress = msgspec.json.decode(read("progress.canonical"), type=DealProgress)
    encoded = msgspec.json.Encoder(decimal_format="number").encode(from_progress(progress))
    assert msgspec.json.decode(encoded) == msgspec.json.decode(read("progress.platform"))


def test_a_won_deal_is_listed_with_what_it_was_told():
    """Amounts are in the deal's currency, and what was not told stays unsaid."""
    standing = to_standing(msgspec.json.decode(read("standing.platform"), type=models.OpportunityStanding))
    assert msgspec.json.decode(msgspec.json.encode(standing)) == msgspec.json.decode(read("standing.canonical"))
    assert msgspec.json.decode(read("standing.canonical"), type=DealStanding) == standing


@pytest.mark.parametrize(
    ("children", "priceless"),
    [
        ("Tollway_Deal_Milestones__r", {"Amount__c": None, "Due_Date__c": None}),
        ("Tollway_Deal_Rates__r", {"Unit_Price__c": None, "Role__c": None, "Planned_Hours__c": None}),
    ],
)
def test_what_has_no_price_keeps_none(children, priceless):
    """A milestone or rate without a price stays without one; zero would be an invention."""
    record = {"Id": "1", "Name": "Nameless", "CurrencyIsoCode": "EUR", **priceless}
    deal = to_deal(opportunity(**{children: {"totalSize": 1, "done": True, "records": [record]}}))
    assert None in [*(stone.amount for stone in deal.milestones), *(rate.hourly for rate in deal.rates)]


def test_a_currency_that_is_none_breaks_the_contract():
    """An amount in a currency that ISO 4217 does not know cannot be money."""
    with pytest.raises(ContractDrift):
        to_deal(opportunity(CurrencyIsoCode="XXQ"))


@pytest.mark.parametrize("changes", [{"IsWon": "yes"}, {"Amount": "much"}, {"SystemModstamp": 5}, {"Name": None}])
def test_values_of_the_wrong_type_are_not_read(changes):
    """The models take what the platform documents and nothing else."""
    with pytest.raises(msgspec.ValidationError):
        opportunity(**changes)
