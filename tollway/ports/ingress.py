"""Ingress: what platforms told us by webhooks, and what became of it."""

from typing import Protocol

from tollway.canonical.notice import KeptNotice, NoticeDelivery, NoticeReceipt, NoticeStatus


class Ingress(Protocol):
    """Keeps notices, and lets people see and mend those that are stuck."""

    async def keep(self, delivery: NoticeDelivery) -> NoticeReceipt:
        """Keep all notices of a delivery before this is answered; those that are known are not taken again."""
        ...

    async def notices(self, status: NoticeStatus | None, kind: str, subject: str) -> list[KeptNotice]:
        """Notices of every source, the latest to arrive first; an empty kind or subject means any."""
        ...

    async def notice(self, notice_id: str) -> KeptNotice | None:
        """One notice."""
        ...

    async def retry(self, notice_id: str) -> KeptNotice:
        """Have a notice taken again now; raises Conflict when it is settled."""
        ...

    async def skip(self, notice_id: str) -> KeptNotice:
        """Give a notice up, with its case, so that later ones of its subject go on; raises Conflict when settled."""
        ...
