"""The CRM port on a Salesforce org."""

from typing import TYPE_CHECKING, Any

from system_apis.crm.salesforce import mapping, models
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.rows import select
from system_apis.salesforce_platform.settings import OrgSettings, read_settings
from system_apis.salesforce_platform.soql import after, behind, is_record_id, quote
from tollway.canonical.change_event import ChangeEvents
from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.listing import DealPage, Span
from tollway.canonical.record import Change, Changes, Cursor
from tollway.ports.connection import Shared
from tollway.problems import Conflict, NotFound, found

if TYPE_CHECKING:  # gRPC is loaded where events are subscribed to
    from system_apis.crm.salesforce.changes import OpportunityChanges

OPPORTUNITY = "Opportunity"
PAGE = 200
LISTED = 1000
"""Deals of a page, few enough for one answer, of which the platform makes several beyond 2,000 records."""
DEAL = select(
    models.Opportunity,
    OPPORTUNITY,
    {
        "OpportunityLineItems": "ORDER BY SortOrder, Id",
        "Tollway_Deal_Milestones__r": "ORDER BY Due_Date__c NULLS LAST, Name",
        "Tollway_Deal_Rates__r": "ORDER BY Role__c",
    },
)
STANDING = select(models.OpportunityStanding, OPPORTUNITY)
WON = f"{select(models.ChangedOpportunity, OPPORTUNITY)} WHERE IsWon = true"


def build_salesforce_crm(name: str, tables: dict[str, Any], shared: Shared) -> "SalesforceCrm":
    """The adapter of the connection `name`; raises StartupError."""
    settings = read_settings(name, tables)
    quota = shared.quotas.of(name, "Salesforce", settings.quota)
    org = shared.get(settings, lambda: OrgClient(settings, quota))
    return SalesforceCrm(org, _changes(org, settings) if settings.events else None)


def tells_events(name: str, tables: dict[str, Any]) -> bool:
    """Whether the org of the connection `name` tells of deals by itself; raises StartupError."""
    return read_settings(name, tables).events


def _changes(org: OrgClient, settings: OrgSettings) -> "OpportunityChanges":
    from system_apis.crm.salesforce.changes import OpportunityChanges  # noqa: PLC0415 - see above
    from system_apis.salesforce_platform.pubsub.client import EventBus  # noqa: PLC0415 - see above

    return OpportunityChanges(org, EventBus(org, settings))


class SalesforceCrm:
    """Deals are opportunities; their milestones and rates are objects of Tollway's package."""

    def __init__(self, org: OrgClient, changes: "OpportunityChanges | None" = None) -> None:
        """`changes` is what the org tells by itself, if it is subscribed to."""
        self._org = org
        self._changes = changes

    async def check(self) -> str:
        return await self._org.check()

    async def close(self) -> None:
        if self._changes:
            await self._changes.close()
        await self._org.close()

    async def deal(self, deal_id: str) -> Deal:
        row = None
        if is_record_id(deal_id):
            row = await self._org.first(f"{DEAL} WHERE Id = {quote(deal_id)}", models.Opportunity, OPPORTUNITY)
        return mapping.to_deal(found(row, f"deal {deal_id} in Salesforce"))

    async def won_deals(self, cursor: Cursor) -> Changes:
        soql = f"{WON} AND {after(cursor)} ORDER BY SystemModstamp, Id LIMIT {PAGE + 1}"
        rows = [row async for row in self._org.query(soql, models.ChangedOpportunity, OPPORTUNITY)]
        items = [Change(id=row.Id, at=row.SystemModstamp) for row in rows[:PAGE]]
        seen = Cursor(moment=items[-1].at, id=items[-1].id) if items else cursor
        return Changes(items=items, cursor=seen, more=len(rows) > PAGE)

    async def won_deal_events(self, position: str, wait: int) -> ChangeEvents:
        if self._changes is None:
            raise Conflict("Salesforce's events are not subscribed to: the connection's setting `events` is off.")
        return await self._changes.won(position, wait)

    async def deal_standings(self, span: Span, after: str) -> DealPage:
        won = f"(CloseDate >= {span.start} AND CloseDate <= {span.end})"
        where = f"IsWon = true AND (Tollway_Project_Number__c != null OR {won})"
        place = f" AND {behind(after)}" if after else ""
        soql = f"{STANDING} WHERE {where}{place} ORDER BY Id LIMIT {LISTED + 1}"
        rows = [row async for row in self._org.query(soql, models.OpportunityStanding, OPPORTUNITY)]
        items = [mapping.to_standing(row) for row in rows[:LISTED]]
        return DealPage(items=items, next=items[-1].id if len(rows) > LISTED else "")

    async def report_progress(self, progress: DealProgress) -> None:
        if values := mapping.from_progress(progress):
            await self._org.update(OPPORTUNITY, progress.deal_id, values)

    async def find_progress(self, deal_id: str) -> DealProgress | None:
        fields = models.OpportunityProgress.__struct_fields__
        try:
            row = await self._org.get(OPPORTUNITY, deal_id, models.OpportunityProgress, fields)
        except NotFound:
            return None
        return mapping.to_progress(deal_id, row)
