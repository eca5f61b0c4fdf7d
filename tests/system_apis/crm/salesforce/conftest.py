"""Opportunities in the org."""

import pytest

from system_apis.salesforce_platform.client import OrgClient


@pytest.fixture
def sell():
    """A function that makes a won opportunity with everything that matters, and answers its id."""

    async def _sell(org: OrgClient, **changes: object) -> str:
        group = await org.create("Account", {"Name": "Northwind Group", "CurrencyIsoCode": "EUR"})
        account = await org.create(
            "Account",
            {
                "Name": "Northwind GmbH",
                "ParentId": group,
                "CurrencyIsoCode": "EUR",
                "BillingStreet": "Hafenstr. 1",
                "BillingCity": "Hamburg",
                "BillingPostalCode": "20457",
                "BillingCountry": "Germany",
                "Tollway_Legal_Entity__c": "DE01",
                "Tollway_Payment_Terms__c": "Net 30",
                "Tollway_Tax_Registration__c": "DE123456789",
            },
        )
        deal = await org.create(
            "Opportunity",
            {
                "Name": "Data platform",
                "AccountId": account,
                "StageName": "Closed Won",
                "CloseDate": "2025-11-14",
                "CurrencyIsoCode": "EUR",
                "Amount": 48000,
                "Tollway_Contract_Type__c": "Fixed Fee",
                "Tollway_Start_Date__c": "2025-12-01",
                **changes,
            },
        )
        for name, amount, due in (("Go-live", 30000, "2026-03-31"), ("Design", 18000, "2026-01-31")):
            values = {"Opportunity__c": deal, "Name": name, "Amount__c": amount, "Due_Date__c": due}
            await org.create("Tollway_Deal_Milestone__c", values | {"CurrencyIsoCode": "EUR"})
        rate = {"Opportunity__c": deal, "Role__c": "Consultant", "Unit_Price__c": 150, "Planned_Hours__c": 320}
        await org.create("Tollway_Deal_Rate__c", rate | {"CurrencyIsoCode": "EUR"})
        return deal

    return _sell
