"""The ingress port over HTTP."""

from tollway.canonical.notice import KeptNotice, NoticeDelivery, NoticeReceipt, NoticeStatus
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find


class RemoteIngress:
    """Calls the ingress service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def keep(self, delivery: NoticeDelivery) -> NoticeReceipt:
        return await self._client.call("POST", "/ingress/v1/deliveries", NoticeReceipt, body=delivery)

    async def notices(self, status: NoticeStatus | None, kind: str, subject: str) -> list[KeptNotice]:
        query = {"status": status.value if status else "", "kind": kind, "subject": subject}
        given = {name: value for name, value in query.items() if value}
        return await self._client.call("GET", "/ingress/v1/notices", list[KeptNotice], **given)

    async def notice(self, notice_id: str) -> KeptNotice | None:
        return await find(self._client, f"/ingress/v1/notices/{segment(notice_id)}", KeptNotice)

    async def retry(self, notice_id: str) -> KeptNotice:
        return await self._client.call("POST", f"/ingress/v1/notices/{segment(notice_id)}/retry", KeptNotice)

    async def skip(self, notice_id: str) -> KeptNotice:
        return await self._client.call("POST", f"/ingress/v1/notices/{segment(notice_id)}/skip", KeptNotice)
