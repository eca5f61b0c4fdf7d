"""The HTTP face of ingress."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.notice import KeptNotice, NoticeDelivery, NoticeReceipt, NoticeStatus
from tollway.canonical.record import FreeText, Identifier, Many
from tollway.ports.ingress import Ingress
from tollway.problems import found

Port = Annotated[Ingress, Dependency(skip_validation=True)]


@post("/ingress/v1/deliveries", operation_id="keepDelivery", status_code=202)
async def keep_delivery(ingress: Port, data: NoticeDelivery) -> NoticeReceipt:
    """Keep all notices of a delivery, each once."""
    return await ingress.keep(data)


@get("/ingress/v1/notices", operation_id="listNotices")
async def list_notices(
    ingress: Port, status: NoticeStatus | None = None, kind: FreeText = "", subject: FreeText = ""
) -> Many[KeptNotice]:
    """Notices, the latest to arrive first."""
    return await ingress.notices(status, kind, subject)


@get("/ingress/v1/notices/{notice_id:str}", operation_id="getNotice")
async def get_notice(ingress: Port, notice_id: Identifier) -> KeptNotice:
    """One notice."""
    return found(await ingress.notice(notice_id), f"notice {notice_id}")


@post("/ingress/v1/notices/{notice_id:str}/retry", operation_id="retryNotice", status_code=202)
async def retry_notice(ingress: Port, notice_id: Identifier) -> KeptNotice:
    """Have a notice taken again now."""
    return await ingress.retry(notice_id)


@post("/ingress/v1/notices/{notice_id:str}/skip", operation_id="skipNotice", status_code=202)
async def skip_notice(ingress: Port, notice_id: Identifier) -> KeptNotice:
    """Give a notice up."""
    return await ingress.skip(notice_id)


HANDLERS = (keep_delivery, list_notices, get_notice, retry_notice, skip_notice)
