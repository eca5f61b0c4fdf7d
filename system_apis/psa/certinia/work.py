"""Timecards and milestones as billing events, priced by the timecard or the project's rate card. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from system_apis.psa.certinia import models
from system_apis.psa.certinia.mapping import MISSING_PRICE, is_closed, milestone_amount
from system_apis.salesforce_platform.rows import listed
from system_apis.salesforce_platform.values import money
from tollway.canonical.listing import WorkEntry
from tollway.canonical.money import Money
from tollway.canonical.work import BillableItem, ProjectWork, WorkKind
from tollway.problems import Rejected

RateCard = Mapping[tuple[str, str], Money]
"""The price of an hour by project number and role."""


def to_work(row: models.WorkedProject) -> ProjectWork:
    """All approved work of the project; raises Rejected when some of it has no price."""
    return ProjectWork(
        project_number=row.Tollway_External_Id__c,
        closed=is_closed(row),
        items=to_items(
            listed(row.pse__Timecards__r), listed(row.pse__Milestones__r), listed(row.Tollway_Project_Rates__r)
        ),
    )


def to_items(
    timecards: Iterable[models.Timecard], milestones: Iterable[models.Milestone], rates: Iterable[models.Rate]
) -> list[BillableItem]:
    """The billing events; a timecard without hours is none."""
    card = rate_card(rates)
    time = [_time_item(timecard, card) for timecard in timecards if _hours(timecard)]
    return [*time, *map(_milestone_item, milestones)]


def to_entry(row: models.Timecard | models.Milestone, card: RateCard) -> WorkEntry | None:
    """The billing event as it is gone through, without an amount where its price is missing; None without hours."""
    if isinstance(row, models.Timecard):
        if not _hours(row):
            return None
        kind, on = WorkKind.TIME, row.pse__End_Date__c
    else:
        kind, on = WorkKind.MILESTONE, row.pse__Actual_Date__c or row.pse__Target_Date__c
    try:
        item = _time_item(row, card) if isinstance(row, models.Timecard) else _milestone_item(row)
    except Rejected:
        amount = None
    else:
        amount = item.amount
    return WorkEntry(
        id=f"{kind}:{row.Id}",
        kind=kind,
        project_number=row.pse__Project__r.Tollway_External_Id__c,
        amount=amount,
        on=on,
        invoice_number=row.Tollway_Invoice_Number__c or "",
    )


def rate_card(rates: Iterable[models.Rate]) -> RateCard:
    """The rates by project and role."""
    return {(rate.Project__r.Tollway_External_Id__c, rate.Role__c): _hourly(rate) for rate in rates}


def _time_item(row: models.Timecard, card: RateCard) -> BillableItem:
    number, hours = row.pse__Project__r.Tollway_External_Id__c, _hours(row)
    price = _price(row, number, card)
    who = ", ".join(filter(None, (_person(row), _role(row))))
    return BillableItem(
        id=f"{WorkKind.TIME}:{row.Id}",
        kind=WorkKind.TIME,
        project_number=number,
        description=f"{who}: {row.pse__Start_Date__c} to {row.pse__End_Date__c}",
        quantity=hours,
        unit_price=price,
        amount=price.times(hours),
        on=row.pse__End_Date__c,
        invoice_number=row.Tollway_Invoice_Number__c or "",
    )


def _milestone_item(row: models.Milestone) -> BillableItem:
    """A milestone that was approved before its day was entered counts as reached on its target date."""
    number = row.pse__Project__r.Tollway_External_Id__c
    amount = milestone_amount(row, number)
    return BillableItem(
        id=f"{WorkKind.MILESTONE}:{row.Id}",
        kind=WorkKind.MILESTONE,
        project_number=number,
        description=row.Name,
        quantity=Decimal(1),
        unit_price=amount,
        amount=amount,
        on=row.pse__Actual_Date__c or row.pse__Target_Date__c,
        invoice_number=row.Tollway_Invoice_Number__c or "",
    )


def _price(row: models.Timecard, number: str, card: RateCard) -> Money:
    """The timecard's own rate counts before the rate card's."""
    whose = f"The timecard {row.Name} of {_person(row)} on project {number}"
    if row.pse__Daily_Bill_Rate__c:
        raise Rejected(f"{whose} has a rate by the day; give it one by the hour.", category=MISSING_PRICE)
    if row.pse__Bill_Rate__c is not None:
        return money(row.pse__Bill_Rate__c, row.CurrencyIsoCode)
    role = _role(row)
    price = card.get((number, role))
    if price is None:
        raise Rejected(
            f"{whose} has no bill rate, and the project's rate card has none for {role or 'a missing role'}.",
            category=MISSING_PRICE,
        )
    return price


def _person(row: models.Timecard) -> str:
    return row.pse__Resource__r.Name if row.pse__Resource__r else "an unnamed resource"


def _role(row: models.Timecard) -> str:
    """The role on this project, or else the person's usual one."""
    assigned = row.pse__Assignment__r.pse__Role__c if row.pse__Assignment__r else None
    usual = row.pse__Resource__r.pse__Resource_Role__c if row.pse__Resource__r else None
    return assigned or usual or ""


def _hours(row: models.Timecard) -> Decimal:
    days = (
        row.pse__Monday_Hours__c,
        row.pse__Tuesday_Hours__c,
        row.pse__Wednesday_Hours__c,
        row.pse__Thursday_Hours__c,
        row.pse__Friday_Hours__c,
        row.pse__Saturday_Hours__c,
        row.pse__Sunday_Hours__c,
    )
    return sum((day for day in days if day is not None), Decimal(0))


def _hourly(rate: models.Rate) -> Money:
    return money(rate.Unit_Price__c, rate.CurrencyIsoCode)
