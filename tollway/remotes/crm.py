"""The CRM port over HTTP."""

from tollway.canonical.change_event import ChangeEvents
from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.listing import DealPage, Span
from tollway.canonical.record import Changes, Cursor
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find


class RemoteCrm:
    """Calls the crm service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def deal(self, deal_id: str) -> Deal:
        return await self._client.call("GET", _deal(deal_id), Deal)

    async def won_deals(self, cursor: Cursor) -> Changes:
        query = {"moment": cursor.moment.isoformat(), "after": cursor.id}
        return await self._client.call("GET", "/crm/v1/won-deals", Changes, **query)

    async def won_deal_events(self, position: str, wait: int) -> ChangeEvents:
        query = {"position": position, "wait": str(wait)}
        return await self._client.call("GET", "/crm/v1/won-deal-events", ChangeEvents, **query)

    async def deal_standings(self, span: Span, after: str) -> DealPage:
        query = {"start": span.start.isoformat(), "end": span.end.isoformat(), "after": after}
        return await self._client.call("GET", "/crm/v1/deal-standings", DealPage, **query)

    async def report_progress(self, progress: DealProgress) -> None:
        await self._client.call("PUT", f"{_deal(progress.deal_id)}/progress", body=progress)

    async def find_progress(self, deal_id: str) -> DealProgress | None:
        return await find(self._client, f"{_deal(deal_id)}/progress", DealProgress)


def _deal(deal_id: str) -> str:
    return f"/crm/v1/deals/{segment(deal_id)}"
