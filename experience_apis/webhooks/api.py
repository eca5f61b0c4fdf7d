"""The webhooks API: what platforms call that sign what they send, and have no tokens of ours."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.params import Dependency

from tollway.canonical.notice import NoticeDelivery, NoticeReceipt
from tollway.canonical.record import Identifier
from tollway.ingress.schemes import SCHEMES
from tollway.ingress.webhooks import Webhooks
from tollway.ports.ingress import Ingress

SIGNED = {name: scheme.headers[0] for name, scheme in SCHEMES.items()}


@post(
    "/webhooks/v1/{name:str}",
    operation_id="receiveWebhook",
    status_code=202,
    opt={"signed_by": SIGNED, "idempotency_key": "none"},  # the events' own ids do that
)
async def receive_webhook(
    webhooks: Annotated[Webhooks, Dependency(skip_validation=True)],
    ingress: Annotated[Ingress, Dependency(skip_validation=True)],
    name: Identifier,
    body: bytes,
    request: Request[Any, Any, Any],
) -> NoticeReceipt:
    """Take what a platform sends; it is stored before this is answered, and the same event is taken once."""
    notices = webhooks.notices(name, dict(request.headers), body)
    return await ingress.keep(NoticeDelivery(notices=notices))


HANDLERS = (receive_webhook,)
