"""HTTP to a platform: time-outs, and what a failed call means for what it was to do."""

import ssl
from collections.abc import Callable
from typing import Any

import httpx

from tollway import context
from tollway.problems import Unavailable, UnknownOutcome
from tollway.quota import Heard, Quota, QuotaSettings, Turn
from tollway.quota.book import Ended
from tollway.quota.heard import heard, seconds

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_OUR_OWN = (httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Those of them that say nothing of the platform."""


class PlatformClient:
    """Sends requests to one platform; an answer of any status is returned, a missing one is classified.

    Each waits for its turn by the account's quota. Not sent, for want of a turn or of a connection, raises Throttled
    or Unavailable. Sent without an answer raises UnknownOutcome, or Unavailable when the request was safe to repeat.
    Statuses are the adapter's to read, since each platform has its own; `heard` reads what they tell of limits.
    """

    def __init__(
        self,
        platform: str,
        base_url: str,
        *,
        timeout: float = 30.0,
        certificate_authority: str = "",
        connections: int = 40,
        quota: Quota | None = None,
        heard: Callable[[httpx.Response], Heard] = heard,
    ) -> None:
        """`certificate_authority` is a file of trusted certificates; empty trusts the usual ones.

        Without a quota the client has one of its own, as if nobody else used the account.
        """
        self.platform = platform
        self.quota = quota or Quota(platform, platform, QuotaSettings())
        self._own_quota = quota is None
        self._heard = heard
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
        self._time_left()
        async with self.quota.turn() as turn:
            wait = self._time_left()
            try:
                answer = await self._client.request(method, url, timeout=wait, **request)
            except _NOT_SENT as error:
                turn.ended = Ended.ABANDONED if isinstance(error, _OUR_OWN) else Ended.FAILED
                raise Unavailable(f"{self.platform} cannot be reached: {error or type(error).__name__}.") from error
            except httpx.HTTPError as error:
                self._note_silence(turn, error, wait)
                reason = f"{self.platform} did not answer {method} {url}: {error or type(error).__name__}."
                raise (Unavailable(reason) if safe else UnknownOutcome(reason)) from error
            except BaseException:
                turn.lingers = True
                raise
            turn.heard = self._heard(answer)
            turn.ended = Ended.FAILED if turn.heard.failed else Ended.ANSWERED
            return answer

    def _time_left(self) -> float:
        left = context.current().remaining(self._timeout)
        if left <= 0:
            raise Unavailable(f"{self.platform} was not asked: the caller's deadline has passed.", retry_after=1)
        return left

    def _note_silence(self, turn: Turn, error: httpx.HTTPError, wait: float) -> None:
        """A platform that was given much less than its time, because the caller has none, has not failed."""
        late = isinstance(error, httpx.TimeoutException)
        turn.lingers = late
        turn.ended = Ended.ABANDONED if late and wait < self._timeout / 2 else Ended.FAILED

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        if self._own_quota:
            await self.quota.close()


def retry_after(answer: httpx.Response, otherwise: float) -> float:
    """Seconds the platform asks us to wait, or `otherwise` when it does not say so in seconds."""
    asked = seconds(answer.headers.get("retry-after"))
    return otherwise if asked is None else asked
