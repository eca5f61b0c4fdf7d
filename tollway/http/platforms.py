"""HTTP to a platform: time-outs, and what a failed call means for what it was to do."""

import ssl
from typing import Any

import httpx

from tollway import context
from tollway.problems import Unavailable, UnknownOutcome

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class PlatformClient:
    """Sends requests to one platform; an answer of any status is returned, a missing one is classified.

    Not sent raises Unavailable. Sent without an answer raises UnknownOutcome, or Unavailable when the request
    was safe to repeat. Statuses are the adapter's to read, since each platform has its own.
    """

    def __init__(
        self,
        platform: str,
        base_url: str,
        *,
        timeout: float = 30.0,
        certificate_authority: str = "",
        connections: int = 40,
    ) -> None:
        """`certificate_authority` is a file of trusted certificates; empty trusts the usual ones."""
        self.platform = platform
        self._timeout = timeout
        verify = ssl.create_default_context(cafile=certificate_authority) if certificate_authority else True
        self._client = httpx.AsyncClient(
            base_url=base_url,
            verify=verify,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"user-agent": "tollway"},
        )

    async def send(self, method: str, url: str, *, repeatable: bool | None = None, **request: Any) -> httpx.Response:
        """Send and return the answer; `repeatable` says that a POST only reads. `request` is as httpx takes it."""
        safe = method in SAFE_METHODS if repeatable is None else repeatable
        seconds = context.current().remaining(self._timeout)
        if seconds <= 0:
            raise Unavailable(f"{self.platform} was not asked: the caller's deadline has passed.", retry_after=1)
        try:
            return await self._client.request(method, url, timeout=seconds, **request)
        except _NOT_SENT as error:
            raise Unavailable(f"{self.platform} cannot be reached: {error or type(error).__name__}.") from error
        except httpx.HTTPError as error:
            reason = f"{self.platform} did not answer {method} {url}: {error or type(error).__name__}."
            raise (Unavailable(reason) if safe else UnknownOutcome(reason)) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def retry_after(answer: httpx.Response, otherwise: float) -> float:
    """Seconds the platform asks us to wait, or `otherwise` when it does not say so in seconds."""
    try:
        return float(answer.headers.get("retry-after", otherwise))
    except ValueError:
        return otherwise
