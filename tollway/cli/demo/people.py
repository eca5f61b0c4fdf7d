"""Account executives and consultants, doing in Salesforce and Certinia what people do there."""

import datetime as dt
from decimal import Decimal

import msgspec

from system_apis.salesforce_platform.client import OrgClient
from tollway.cli.demo.deals import DemoDeal


class _Id(msgspec.Struct):
    Id: str


class _Sold(msgspec.Struct):
    AccountId: str


class _Project(msgspec.Struct):
    pse__Opportunity__c: str  # noqa: N815 - the platform's name


class _Billing(msgspec.Struct):
    Tollway_Billing_Status__c: str | None
    Tollway_Paid_Amount__c: Decimal | None


class People:
    """The users of one Salesforce org."""

    def __init__(self, org: OrgClient, today: dt.date) -> None:
        self._org = org
        self._today = today
        self._products: dict[str, str] = {}

    async def open_deal(self, deal: DemoDeal) -> str:
        """An account executive enters the account and the opportunity; answers the opportunity's id."""
        parent = await self._org.create("Account", {"Name": deal.parent}) if deal.parent else None
        account = {
            "Name": deal.account,
            "ParentId": parent,
            "BillingStreet": "1 Market Street",
            "BillingCity": deal.city,
            "BillingState": deal.state or None,
            "BillingPostalCode": "10001",
            "BillingCountry": deal.country,
            "CurrencyIsoCode": deal.currency,
            "Tollway_Legal_Entity__c": deal.legal_entity,
            "Tollway_Tax_Registration__c": deal.tax_registration or None,
        }
        account_id = await self._org.create("Account", account)
        opportunity = {
            "Name": deal.name,
            "AccountId": account_id,
            "StageName": "Negotiation/Review",
            "CloseDate": self._today.isoformat(),
            "Amount": str(deal.value),
            "CurrencyIsoCode": deal.currency,
            "Pricebook2Id": await self._price_book(),
            "Tollway_Legal_Entity__c": deal.legal_entity,
            "Tollway_Payment_Terms__c": deal.payment_terms,
            "Tollway_Contract_Type__c": "Fixed Fee" if deal.fixed_fee else "Time and Materials",
            "Tollway_Service_Line__c": deal.service_line,
            "Tollway_Start_Date__c": self._today.isoformat(),
            "Tollway_End_Date__c": (self._today + dt.timedelta(days=75)).isoformat(),
            "Tollway_Purchase_Order__c": f"PO-{deal.account.split()[0].upper()}",
        }
        opportunity_id = await self._org.create("Opportunity", opportunity)
        await self._price(deal, opportunity_id)
        return opportunity_id

    async def close_won(self, opportunity_id: str) -> None:
        """The customer signs."""
        await self._org.update("Opportunity", opportunity_id, {"StageName": "Closed Won"})

    async def enter_tax_registration(self, opportunity_id: str, number: str) -> None:
        """Sales operations completes the account."""
        opportunity = await self._org.get("Opportunity", opportunity_id, _Sold, ["AccountId"])
        await self._org.update("Account", opportunity.AccountId, {"Tollway_Tax_Registration__c": number})

    async def work(self, deal: DemoDeal, project_number: str) -> None:
        """Consultants' time of a week is approved, or the first milestone is reached."""
        if deal.fixed_fee:
            await self._reach(next(iter(deal.milestones)), project_number)
            return
        project = {"Tollway_External_Id__c": project_number}
        for role, hours in deal.hours.items():
            person = await self._org.create("Contact", {"LastName": f"{role} of {deal.account}"})
            timecard = {
                "pse__Project__r": project,
                "pse__Resource__c": person,
                "pse__Start_Date__c": (self._today - dt.timedelta(days=6)).isoformat(),
                "pse__End_Date__c": self._today.isoformat(),
                "pse__Billable__c": True,
                "pse__Bill_Rate__c": str(deal.rates[role][0]),
                "CurrencyIsoCode": deal.currency,
                "pse__Status__c": "Submitted",
                **_week(Decimal(hours)),
            }
            timecard_id = await self._org.create("pse__Timecard_Header__c", timecard)
            approval = {"pse__Status__c": "Approved", "pse__Approved__c": True}
            await self._org.update("pse__Timecard_Header__c", timecard_id, approval)

    async def projects(self) -> list[str]:
        """The opportunities behind all projects in the PSA, one for each project."""
        query = "SELECT pse__Opportunity__c FROM pse__Proj__c WHERE pse__Opportunity__c != null"
        return [row.pse__Opportunity__c async for row in self._org.query(query, _Project, "pse__Proj__c")]

    async def sees_paid(self, opportunity_id: str, amount: Decimal) -> bool:
        """Whether the opportunity shows, where the account team looks, that this much was paid."""
        fields = [field.name for field in msgspec.structs.fields(_Billing)]
        row = await self._org.get("Opportunity", opportunity_id, _Billing, fields)
        return row.Tollway_Paid_Amount__c == amount

    async def _reach(self, milestone: str, project_number: str) -> None:
        where = f"pse__Project__r.Tollway_External_Id__c = '{project_number}' AND Name = '{milestone}'"
        query = f"SELECT Id FROM pse__Milestone__c WHERE {where}"  # noqa: S608 - the demo's own names
        async for row in self._org.query(query, _Id, "pse__Milestone__c"):
            reached = {
                "pse__Status__c": "Approved",
                "pse__Approved_for_Billing__c": True,
                "pse__Actual_Date__c": self._today.isoformat(),
            }
            await self._org.update("pse__Milestone__c", row.Id, reached)

    async def _price(self, deal: DemoDeal, opportunity_id: str) -> None:
        entry = await self._product(deal)
        line = {"OpportunityId": opportunity_id, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": str(deal.value)}
        await self._org.create("OpportunityLineItem", line)
        for place, (name, amount) in enumerate(deal.milestones.items(), 1):
            due = (self._today + dt.timedelta(days=25 * place)).isoformat()
            milestone = {"Opportunity__c": opportunity_id, "Name": name, "Amount__c": amount, "Due_Date__c": due}
            await self._org.create("Tollway_Deal_Milestone__c", milestone | {"CurrencyIsoCode": deal.currency})
        for role, (rate, hours) in deal.rates.items():
            priced = {
                "Opportunity__c": opportunity_id,
                "Role__c": role,
                "Unit_Price__c": rate,
                "Planned_Hours__c": hours,
            }
            await self._org.create("Tollway_Deal_Rate__c", priced | {"CurrencyIsoCode": deal.currency})

    async def _price_book(self) -> str:
        query = "SELECT Id FROM Pricebook2 WHERE IsStandard = true"
        return await anext(row.Id async for row in self._org.query(query, _Id, "Pricebook2"))

    async def _product(self, deal: DemoDeal) -> str:
        key = f"{deal.service_line} {deal.currency}"
        if key not in self._products:
            product = await self._org.create("Product2", {"Name": f"Services {key}", "IsActive": True})
            entry = {
                "Product2Id": product,
                "Pricebook2Id": await self._price_book(),
                "UnitPrice": "1",
                "IsActive": True,
                "CurrencyIsoCode": deal.currency,
            }
            self._products[key] = await self._org.create("PricebookEntry", entry)
        return self._products[key]


def _week(hours: Decimal) -> dict[str, str]:
    """Hours spread over the days of a working week, eight a day at most until Friday takes the rest."""
    days = ("Monday", "Tuesday", "Wednesday", "Thursday")
    entered = {}
    for day in days:
        entered[f"pse__{day}_Hours__c"] = str(min(hours, Decimal(8)))
        hours -= min(hours, Decimal(8))
    return entered | {"pse__Friday_Hours__c": str(hours)}
