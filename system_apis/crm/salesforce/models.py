"""The records of the org that the CRM port reads, with the platform's own field names.

Fields that begin with Tollway are those of Tollway's package in the org.
"""

import datetime as dt
from decimal import Decimal

import msgspec

from system_apis.salesforce_platform.rows import Page


class ParentAccount(msgspec.Struct, frozen=True):
    """The account above an account."""

    Name: str | None


class Account(msgspec.Struct, frozen=True):
    """The firm an opportunity is with."""

    Id: str
    Name: str | None
    ParentId: str | None
    Parent: ParentAccount | None
    BillingStreet: str | None
    BillingCity: str | None
    BillingState: str | None
    BillingPostalCode: str | None
    BillingCountry: str | None
    CurrencyIsoCode: str | None
    Tollway_Legal_Entity__c: str | None
    Tollway_Payment_Terms__c: str | None
    Tollway_Tax_Registration__c: str | None
    Tollway_Tax_Exempt__c: bool


class User(msgspec.Struct, frozen=True):
    """The owner of an opportunity."""

    Email: str | None


class Product(msgspec.Struct, frozen=True):
    """What an opportunity product is of."""

    Name: str


class LineItem(msgspec.Struct, frozen=True):
    """An opportunity product."""

    Id: str
    Product2: Product | None
    Name: str | None
    ProductCode: str | None
    Quantity: Decimal
    UnitPrice: Decimal
    TotalPrice: Decimal
    CurrencyIsoCode: str


class DealMilestone(msgspec.Struct, frozen=True):
    """A milestone of the deal, an object of Tollway's package."""

    Id: str
    Name: str
    Amount__c: Decimal | None
    Due_Date__c: dt.date | None
    CurrencyIsoCode: str


class DealRate(msgspec.Struct, frozen=True):
    """An hourly rate of the deal, an object of Tollway's package."""

    Id: str
    Name: str
    Role__c: str | None
    Unit_Price__c: Decimal | None
    Planned_Hours__c: Decimal | None
    CurrencyIsoCode: str


class Opportunity(msgspec.Struct, frozen=True):
    """A deal with its account and its children."""

    Id: str
    Name: str
    StageName: str | None
    IsWon: bool
    Amount: Decimal | None
    CurrencyIsoCode: str
    SystemModstamp: dt.datetime
    Tollway_Legal_Entity__c: str | None
    Tollway_Payment_Terms__c: str | None
    Tollway_Contract_Type__c: str | None
    Tollway_Service_Line__c: str | None
    Tollway_Cost_Centre__c: str | None
    Tollway_Purchase_Order__c: str | None
    Tollway_Start_Date__c: dt.date | None
    Tollway_End_Date__c: dt.date | None
    Tollway_Project_Number__c: str | None
    Tollway_Project_Status__c: str | None
    Account: Account | None
    Owner: User | None
    OpportunityLineItems: Page[LineItem] | None
    Tollway_Deal_Milestones__r: Page[DealMilestone] | None
    Tollway_Deal_Rates__r: Page[DealRate] | None


class ChangedOpportunity(msgspec.Struct, frozen=True):
    """An opportunity and when it changed."""

    Id: str
    SystemModstamp: dt.datetime


class RegisteredAccount(msgspec.Struct, frozen=True):
    """Of the firm an opportunity is with, what the ERP has to say as well."""

    Tollway_Tax_Registration__c: str | None


class OpportunityStanding(msgspec.Struct, frozen=True):
    """A won opportunity, and what Tollway wrote onto it."""

    Id: str
    AccountId: str | None
    Account: RegisteredAccount | None
    CloseDate: dt.date | None
    Tollway_Legal_Entity__c: str | None
    CurrencyIsoCode: str
    Tollway_Project_Number__c: str | None
    Tollway_Project_Status__c: str | None
    Tollway_Billing_Status__c: str | None
    Tollway_Last_Invoice__c: str | None
    Tollway_Invoiced_Amount__c: Decimal | None
    Tollway_Paid_Amount__c: Decimal | None
    Tollway_Unbilled_Amount__c: Decimal | None


class OpportunityProgress(msgspec.Struct, frozen=True):
    """What Tollway wrote onto an opportunity."""

    CurrencyIsoCode: str
    Tollway_Project_Number__c: str | None
    Tollway_Project_Status__c: str | None
    Tollway_Billing_Status__c: str | None
    Tollway_Last_Invoice__c: str | None
    Tollway_Invoiced_Amount__c: Decimal | None
    Tollway_Paid_Amount__c: Decimal | None
    Tollway_Unbilled_Amount__c: Decimal | None
