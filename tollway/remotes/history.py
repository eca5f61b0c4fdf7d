"""The history port over HTTP."""

from tollway.canonical.lineage import Lineage
from tollway.canonical.timeline import Timeline
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find


class RemoteHistory:
    """Calls the history service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def lineage(self, object_type: str, object_id: str, field: str) -> Lineage | None:
        path = f"/history/v1/lineage/{segment(object_type)}/{segment(object_id)}"
        return await find(self._client, path, Lineage, **({"field": field} if field else {}))

    async def deal(self, deal_id: str, cursor: str, limit: int) -> Timeline | None:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return await find(self._client, f"/history/v1/deals/{segment(deal_id)}/timeline", Timeline, **query)

    async def process(self, process_id: str) -> Timeline:
        return await self._client.call("GET", f"/history/v1/processes/{segment(process_id)}/timeline", Timeline)
