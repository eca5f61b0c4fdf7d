"""A sold deal, and the project that delivers it."""

import datetime as dt
from decimal import Decimal

import pytest

from system_apis.psa.certinia.operations import CertiniaPsa
from tollway.canonical.contract import ContractMilestone, ContractRate, ContractType, Dimensions
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectDetails, ProjectPlan


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


@pytest.fixture
def psa(salesforce):
    return CertiniaPsa(salesforce.org)


@pytest.fixture
async def details(salesforce):
    """The details of the project of a deal that is in the org."""
    account = await salesforce.org.create("Account", {"Name": "Northwind GmbH", "CurrencyIsoCode": "EUR"})
    opportunity = {
        "Name": "Data platform",
        "AccountId": account,
        "StageName": "Closed Won",
        "CloseDate": "2025-11-14",
        "CurrencyIsoCode": "EUR",
        "Tollway_Legal_Entity__c": "DE01",
    }
    deal = await salesforce.org.create("Opportunity", opportunity)
    salesforce.calls()
    return ProjectDetails(
        number=f"PRJ-{deal}",
        deal_id=deal,
        account_id=account,
        name="Data platform",
        legal_entity="DE01",
        currency="EUR",
        contract_type=ContractType.TIME_AND_MATERIALS,
        value=eur("48000"),
        start=dt.date(2025, 12, 1),
        end=dt.date(2026, 3, 31),
        dimensions=Dimensions(service_line="DATA", cost_centre="CC10"),
    )


@pytest.fixture
def plan(details):
    """A plan with everything."""
    return ProjectPlan(
        project_number=details.number,
        tasks=["Design", "Build"],
        milestones=[
            ContractMilestone(id="a10ak0000000002AAA", name="Design", amount=eur("18000"), due=dt.date(2026, 1, 31)),
            ContractMilestone(id="a10ak0000000001AAA", name="Go-live", amount=eur("30000"), due=dt.date(2026, 3, 31)),
        ],
        rates=[
            ContractRate(role="Architect", hourly=eur("210.50")),
            ContractRate(role="Consultant", hourly=eur("150"), planned_hours=Decimal(320)),
        ],
    )


@pytest.fixture
def work(salesforce, psa, details):
    """A function that enters an approved timecard of eight hours and answers its id."""

    async def _work(**changes: object) -> str:
        number = changes.pop("number", details.number)
        return await salesforce.org.create(
            "pse__Timecard_Header__c",
            {
                "Name": "TCH-1",
                "pse__Project__r": {"Tollway_External_Id__c": number},
                "CurrencyIsoCode": "EUR",
                "pse__Start_Date__c": "2025-12-01",
                "pse__End_Date__c": "2025-12-07",
                "pse__Monday_Hours__c": 5.25,
                "pse__Sunday_Hours__c": 2.75,
                "pse__Bill_Rate__c": 150,
                "pse__Billable__c": True,
                "pse__Status__c": "Approved",
                **changes,
            },
        )

    return _work


@pytest.fixture
def reach(salesforce, details):
    """A function that makes a milestone approved for billing and answers its id."""

    async def _reach(**changes: object) -> str:
        return await salesforce.org.create(
            "pse__Milestone__c",
            {
                "Name": "Go-live",
                "pse__Project__r": {"Tollway_External_Id__c": details.number},
                "CurrencyIsoCode": "EUR",
                "pse__Milestone_Amount__c": 30000,
                "pse__Target_Date__c": "2026-03-31",
                "pse__Actual_Date__c": "2026-03-27",
                "pse__Status__c": "Approved",
                "pse__Approved_for_Billing__c": True,
                **changes,
            },
        )

    return _reach
