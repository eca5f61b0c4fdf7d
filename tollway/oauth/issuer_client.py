"""HTTP to an OAuth issuer elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import structlog

from tollway.problems import NotFound, Unavailable

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets the document at a URL; raises NotFound or Unavailable when there is none."""
_SECONDS = 5.0
_AWAY = "The issuer of access tokens does not answer as it should; try again in a moment."
log = structlog.get_logger()
_MOST_BYTES = 1_000_000


class IssuerClient:
    """Asks issuers over connections that are kept."""

    def __init__(self) -> None:
        self._http: httpx.AsyncClient | None = None

    async def get(self, url: str) -> bytes:
        """The document at a URL; raises NotFound or Unavailable."""
        return await self._ask("GET", url)

    async def post(self, url: str, form: Mapping[str, str], client_id: str, client_secret: str) -> bytes:
        """What a form is answered with, sent as the client (`client_secret_basic`); raises NotFound or Unavailable."""
        # RFC 6749, 2.3.1: both are form-encoded before they are put together.
        credentials = httpx.BasicAuth(quote(client_id, safe=""), quote(client_secret, safe=""))
        return await self._ask("POST", url, data=form, auth=credentials)

    async def close(self) -> None:
        """Close every connection."""
        if self._http:
            await self._http.aclose()

    async def _ask(self, method: str, url: str, **request: Any) -> bytes:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_SECONDS, headers={"accept": "application/json"})
        try:
            async with self._http.stream(method, url, **request) as answer:
                content = b""
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        log.warning("issuer away", url=url, reason=f"more than {_MOST_BYTES} bytes")
                        raise Unavailable(_AWAY)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("issuer away", url=url, reason=str(error) or type(error).__name__)
            raise Unavailable(_AWAY) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(f"The issuer of access tokens has no {urlsplit(url).path}.")
        if answer.status_code != httpx.codes.OK:
            log.warning("issuer away", url=url, reason=f"status {answer.status_code}")
            raise Unavailable(_AWAY)
        return content
