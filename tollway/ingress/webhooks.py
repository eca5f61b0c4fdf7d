"""The webhooks that platforms call: each signed by its platform's own scheme, read into notices."""

import time
from collections.abc import Callable, Mapping

import structlog

from tollway.canonical.notice import Notice
from tollway.ingress.schemes import SCHEMES, Call
from tollway.ingress.settings import WebhookSettings
from tollway.problems import StartupError, Unauthenticated

log = structlog.get_logger()
PATH = "/webhooks/v1/{name}"


class Webhooks:
    """The configured webhooks, by the names under which they are called."""

    def __init__(
        self, settings: Mapping[str, WebhookSettings], public_url: str, clock: Callable[[], float] = time.time
    ) -> None:
        """`public_url`: the gateway's address; raises StartupError where one is signed that nobody knows."""
        self._settings = settings
        self._public_url = public_url
        self._clock = clock
        for name, webhook in settings.items():
            if webhook.scheme == "hubspot" and not self._url(name, webhook):
                raise StartupError(
                    f"The setting webhooks.{name}.url is missing: HubSpot signs the address that it calls, and "
                    "gateway.public_url does not tell it either."
                )

    def notices(self, name: str, headers: Mapping[str, str], body: bytes) -> list[Notice]:
        """What a call tells; raises Unauthenticated, for an unknown name too, and Malformed."""
        webhook = self._settings.get(name)
        if webhook is None:
            raise _refused(name, "no webhook of this name is configured")
        scheme = SCHEMES[webhook.scheme]
        try:
            scheme.verify(Call(self._url(name, webhook), headers, body), webhook.secrets, self._clock())
        except Unauthenticated as error:
            raise _refused(name, error.detail) from None
        return scheme.read(f"webhook:{name}", body)

    def _url(self, name: str, webhook: WebhookSettings) -> str:
        return webhook.url or (self._public_url and self._public_url + PATH.format(name=name))


def _refused(name: str, reason: str) -> Unauthenticated:
    """What the caller, who may be anybody, is told: not which names there are."""
    log.warning("a webhook is refused", webhook=name[:120], reason=reason)
    return Unauthenticated("There is no such webhook, or it was not signed with its secret just now.")
