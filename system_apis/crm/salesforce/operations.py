"""The CRM port on a Salesforce org."""

from typing import Any

from system_apis.crm.salesforce import mapping, models
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.rows import select
from system_apis.salesforce_platform.settings import read_settings
from system_apis.salesforce_platform.soql import after, is_record_id, quote
from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.record import Change, Changes, Cursor
from tollway.ports.connection import Shared
from tollway.problems import NotFound, found

OPPORTUNITY = "Opportunity"
PAGE = 200
DEAL = select(
    models.Opportunity,
    OPPORTUNITY,
    {
        "OpportunityLineItems": "ORDER BY SortOrder, Id",
        "Tollway_Deal_Milestones__r": "ORDER BY Due_Date__c NULLS LAST, Name",
        "Tollway_Deal_Rates__r": "ORDER BY Role__c",
    },
)
WON = f"{select(models.ChangedOpportunity, OPPORTUNITY)} WHERE IsWon = true"


def build_salesforce_crm(name: str, tables: dict[str, Any], shared: Shared) -> "SalesforceCrm":
    """The adapter of the connection `name`; raises StartupError."""
    settings = read_settings(name, tables)
    return SalesforceCrm(shared.get(settings, lambda: OrgClient(settings)))


class SalesforceCrm:
    """Deals are opportunities; their milestones and rates are objects of Tollway's package."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org

    async def check(self) -> str:
        return await self._org.check()

    async def close(self) -> None:
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
