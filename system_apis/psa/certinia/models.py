"""The records of Certinia's managed package `pse` that the PSA port reads, with the platform's own field names.

Fields and objects that begin with Tollway are those of Tollway's package in the org.
"""

# ruff: noqa: N815 - the field names are the platform's

import datetime as dt
from decimal import Decimal

import msgspec

from system_apis.salesforce_platform.rows import Page


class Opportunity(msgspec.Struct, frozen=True):
    """The deal that a project delivers."""

    Tollway_Legal_Entity__c: str | None


class Project(msgspec.Struct, frozen=True):
    """A project."""

    Id: str
    Name: str
    Tollway_External_Id__c: str
    CurrencyIsoCode: str
    pse__Account__c: str | None
    pse__Opportunity__c: str | None
    pse__Opportunity__r: Opportunity | None
    pse__Stage__c: str | None
    pse__Is_Active__c: bool
    pse__Closed_for_Time_Entry__c: bool


class ProjectBilling(msgspec.Struct, frozen=True):
    """What Tollway wrote of a project's billing."""

    Id: str
    CurrencyIsoCode: str
    Tollway_Invoice_Status__c: str | None
    Tollway_Invoiced_Amount__c: Decimal | None
    Tollway_Paid_Amount__c: Decimal | None


class ProjectStanding(msgspec.Struct, frozen=True):
    """A project, and what Tollway wrote of its billing."""

    Id: str
    Name: str
    Tollway_External_Id__c: str
    CurrencyIsoCode: str
    pse__Account__c: str | None
    pse__Opportunity__c: str | None
    pse__Opportunity__r: Opportunity | None
    pse__Stage__c: str | None
    pse__Is_Active__c: bool
    pse__Closed_for_Time_Entry__c: bool
    Tollway_Invoice_Status__c: str | None
    Tollway_Invoiced_Amount__c: Decimal | None
    Tollway_Paid_Amount__c: Decimal | None


class ProjectNumber(msgspec.Struct, frozen=True):
    """The project that a record belongs to."""

    Tollway_External_Id__c: str


class Task(msgspec.Struct, frozen=True):
    """A task of a project."""

    Name: str


class PlannedMilestone(msgspec.Struct, frozen=True):
    """A milestone of a project's plan."""

    Name: str
    Tollway_External_Id__c: str
    pse__Milestone_Amount__c: Decimal | None
    pse__Target_Date__c: dt.date
    CurrencyIsoCode: str


class Rate(msgspec.Struct, frozen=True):
    """A line of a project's rate card, an object of Tollway's package."""

    Project__r: ProjectNumber
    Role__c: str
    Unit_Price__c: Decimal
    Planned_Hours__c: Decimal | None
    CurrencyIsoCode: str


class PlannedProject(msgspec.Struct, frozen=True):
    """A project with its plan."""

    Tollway_External_Id__c: str
    pse__Project_Tasks__r: Page[Task] | None
    pse__Milestones__r: Page[PlannedMilestone] | None
    Tollway_Project_Rates__r: Page[Rate] | None


class Resource(msgspec.Struct, frozen=True):
    """Who worked."""

    Name: str
    pse__Resource_Role__c: str | None


class Assignment(msgspec.Struct, frozen=True):
    """As what somebody works on a project."""

    pse__Role__c: str | None


class Timecard(msgspec.Struct, frozen=True):
    """The hours of one person on one project in one week."""

    Id: str
    Name: str
    CurrencyIsoCode: str
    pse__Project__r: ProjectNumber
    pse__Resource__r: Resource | None
    pse__Assignment__r: Assignment | None
    pse__Start_Date__c: dt.date
    pse__End_Date__c: dt.date
    pse__Monday_Hours__c: Decimal | None
    pse__Tuesday_Hours__c: Decimal | None
    pse__Wednesday_Hours__c: Decimal | None
    pse__Thursday_Hours__c: Decimal | None
    pse__Friday_Hours__c: Decimal | None
    pse__Saturday_Hours__c: Decimal | None
    pse__Sunday_Hours__c: Decimal | None
    pse__Bill_Rate__c: Decimal | None
    pse__Daily_Bill_Rate__c: bool
    Tollway_Invoice_Number__c: str | None


class Milestone(msgspec.Struct, frozen=True):
    """A milestone as work that can be billed."""

    Id: str
    Name: str
    CurrencyIsoCode: str
    pse__Project__r: ProjectNumber
    pse__Milestone_Amount__c: Decimal | None
    pse__Actual_Date__c: dt.date | None
    pse__Target_Date__c: dt.date
    Tollway_Invoice_Number__c: str | None


class WorkedProject(msgspec.Struct, frozen=True):
    """A project with its approved work and its rate card."""

    Tollway_External_Id__c: str
    pse__Is_Active__c: bool
    pse__Closed_for_Time_Entry__c: bool
    pse__Timecards__r: Page[Timecard] | None
    pse__Milestones__r: Page[Milestone] | None
    Tollway_Project_Rates__r: Page[Rate] | None


class ChangedWork(msgspec.Struct, frozen=True):
    """A timecard or milestone and when it changed."""

    Id: str
    SystemModstamp: dt.datetime
    pse__Project__r: ProjectNumber


class Billed(msgspec.Struct, frozen=True):
    """Which invoice a timecard or milestone is on."""

    Id: str
    Name: str
    Tollway_Invoice_Number__c: str | None
