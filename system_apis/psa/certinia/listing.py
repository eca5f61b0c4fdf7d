"""Goes through all projects and all approved work, in the order of record ids.

Work is of two kinds, which the platform never orders together: first all time is gone through, then all milestones, and
the place between two pages says of which kind it is.
"""

from collections.abc import Iterable

from system_apis.psa.certinia import mapping, models
from system_apis.psa.certinia.queries import PROJECT, RATE, SOBJECTS, WORKED, listed_work, rates_of, standings
from system_apis.psa.certinia.work import RateCard, rate_card, to_entry
from system_apis.salesforce_platform.client import OrgClient
from tollway.canonical.listing import ProjectStandingPage, Span, WorkPage
from tollway.canonical.money import Money
from tollway.canonical.work import WorkKind
from tollway.problems import Malformed

PAGE = 1000
"""Records of a page, few enough for one answer, of which the platform makes several beyond 2,000 records."""
MOST_NUMBERS = 200
"""Projects that one query for rate cards names: their numbers are in its address, which has a bound."""


async def project_standings(org: OrgClient, after: str) -> ProjectStandingPage:
    """A page of our projects."""
    soql = standings(after, PAGE + 1)
    rows = [row async for row in org.query(soql, models.ProjectStanding, PROJECT)]
    items = [mapping.to_standing(row) for row in rows[:PAGE]]
    return ProjectStandingPage(items=items, next=rows[PAGE - 1].Id if len(rows) > PAGE else "")


async def work_entries(org: OrgClient, span: Span, number: str, after: str) -> WorkPage:
    """A page of approved work; raises Malformed when there is no such place."""
    kind, place = _place(after)
    soql = listed_work(kind, span, number, place, PAGE + 1)
    rows = [row async for row in org.query(soql, WORKED[kind], SOBJECTS[kind])]
    page = rows[:PAGE]
    card = await _rates(org, page)
    items = [entry for entry in (to_entry(row, card) for row in page) if entry]
    following = WorkKind.MILESTONE if kind is WorkKind.TIME else None
    if len(rows) > PAGE:
        return WorkPage(items=items, next=f"{kind}:{page[-1].Id}")
    return WorkPage(items=items, next=f"{following}:" if following else "")


async def _rates(org: OrgClient, rows: Iterable[models.Timecard | models.Milestone]) -> RateCard:
    """The rate cards that the time without a rate of its own is priced by."""
    unpriced = (row for row in rows if isinstance(row, models.Timecard) and row.pse__Bill_Rate__c is None)
    numbers = sorted({row.pse__Project__r.Tollway_External_Id__c for row in unpriced})
    card: dict[tuple[str, str], Money] = {}
    for first in range(0, len(numbers), MOST_NUMBERS):
        soql = rates_of(numbers[first : first + MOST_NUMBERS])
        card |= rate_card([row async for row in org.query(soql, models.Rate, RATE)])
    return card


def _place(after: str) -> tuple[WorkKind, str]:
    kind, _, record_id = (after or f"{WorkKind.TIME}:").partition(":")
    if kind not in set(WorkKind):
        raise Malformed("The place to continue from is none of Certinia's: those begin with a kind of work.")
    return WorkKind(kind), record_id
