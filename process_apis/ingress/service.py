"""Ingress as the other services see it."""

import contextlib

from tollway.canonical.case import OwnerRole
from tollway.canonical.notice import KeptNotice, NoticeDelivery, NoticeReceipt, NoticeStatus
from tollway.cases import Cases
from tollway.cases.actors import Actor, actor
from tollway.ingress.drainer import case_identity
from tollway.ingress.inbox import Inbox
from tollway.problems import NotFound


class NoticeIngress:
    """Implements the ingress port."""

    def __init__(self, inbox: Inbox, cases: Cases) -> None:
        self._inbox = inbox
        self._cases = cases

    async def keep(self, delivery: NoticeDelivery) -> NoticeReceipt:
        new = await self._inbox.store(*delivery.notices)
        return NoticeReceipt(notices=len(delivery.notices), new=new)

    async def notices(self, status: NoticeStatus | None, kind: str, subject: str) -> list[KeptNotice]:
        return await self._inbox.list(status, kind, subject)

    async def notice(self, notice_id: str) -> KeptNotice | None:
        with contextlib.suppress(NotFound):
            return await self._inbox.get(notice_id)
        return None

    async def retry(self, notice_id: str) -> KeptNotice:
        await self._actor(notice_id)
        return await self._inbox.retry(notice_id)

    async def skip(self, notice_id: str) -> KeptNotice:
        by = await self._actor(notice_id)
        skipped = await self._inbox.skip(notice_id)
        case = await self._cases.open_case(case_identity(skipped.id))
        if case is not None:
            await self._cases.cancel(case.id, by.name)
        return skipped

    async def _actor(self, notice_id: str) -> Actor:
        """Whoever acts on a notice; raises Forbidden unless its case, or else integration, is on a desk of theirs."""
        notice, by = await self._inbox.get(notice_id), actor()
        # The desk lets a case go before it has its notice taken again, so that it counts while it is being retried.
        if case := await self._cases.unsettled(case_identity(notice.id)):
            by.require(case)
        else:
            by.require_role(OwnerRole.INTEGRATION, f"Notice {notice.id}")
        return by
