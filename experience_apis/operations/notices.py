"""What platforms told us, where that is stuck, and what to do about it."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.notice import KeptNotice, NoticeStatus
from tollway.canonical.record import FreeText, Identifier, Many
from tollway.ports.ingress import Ingress
from tollway.problems import found

READ, WRITE = {"scope": "operations:read"}, {"scope": "operations:write"}
Port = Annotated[Ingress, Dependency(skip_validation=True)]


@get("/operations/v1/notices", operation_id="listNotices", opt=READ)
async def list_notices(
    ingress: Port, status: NoticeStatus | None = None, kind: FreeText = "", subject: FreeText = ""
) -> Many[KeptNotice]:
    """Notices of every source, the latest to arrive first; `parked` are those that failed too often."""
    return await ingress.notices(status, kind, subject)


@get("/operations/v1/notices/{notice_id:str}", operation_id="getNotice", opt=READ)
async def get_notice(ingress: Port, notice_id: Identifier) -> KeptNotice:
    """One notice."""
    return found(await ingress.notice(notice_id), f"notice {notice_id}")


@post("/operations/v1/notices/{notice_id:str}/retry", operation_id="retryNotice", status_code=202, opt=WRITE)
async def retry_notice(ingress: Port, notice_id: Identifier) -> KeptNotice:
    """Take a notice again now, once the cause of its failures is mended."""
    return await ingress.retry(notice_id)


@post("/operations/v1/notices/{notice_id:str}/skip", operation_id="skipNotice", status_code=202, opt=WRITE)
async def skip_notice(ingress: Port, notice_id: Identifier) -> KeptNotice:
    """Give a notice up, so that later ones about the same object go on."""
    return await ingress.skip(notice_id)


NOTICES = (list_notices, get_notice, retry_notice, skip_notice)
