"""Calls to a service of ours in another process, over kept connections."""

from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from tollway.http.exchange import Answer, Call
from tollway.http.platforms import SAFE_METHODS
from tollway.problems import Unavailable, UnknownOutcome

_KEPT_SECONDS = 15.0
"""How long an idle connection is kept: shorter than our servers do, since a request on one that has just been closed
could be neither repeated nor called unsent."""
_OURS_TO_SAY = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class RemoteService:
    """One service elsewhere; an answer of any status is returned, a missing one is classified as by PlatformClient."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._made: aiohttp.ClientSession | None = None

    async def call(self, request: Call, seconds: float) -> Answer:
        """Send; raises Unavailable when it was not sent or may be repeated, otherwise UnknownOutcome."""
        target = f"{self._url}{request.path}"
        if request.query:
            target = f"{target}?{request.query.decode('latin-1')}"
        try:
            answer = await self._session().request(
                request.method,
                URL(target, encoded=True),
                headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers],
                data=request.body or None,
                timeout=aiohttp.ClientTimeout(total=None if request.streamed else seconds, sock_read=seconds),
                allow_redirects=False,
            )
            headers = [(name.lower(), value) for name, value in answer.raw_headers]
            if request.streamed:
                return Answer(answer.status, headers, stream=_parts(answer))
            return Answer(answer.status, headers, await answer.read())
        except _NOT_SENT as error:
            raise Unavailable(f"{self.name} cannot be reached: {error or type(error).__name__}.") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            words = f"{self.name} did not answer {request.method} {request.path}: {error or type(error).__name__}."
            raise (Unavailable if request.method in SAFE_METHODS else UnknownOutcome)(words) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._made:
            await self._made.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._made is None:  # it belongs to the event loop that is running when it is made
            self._made = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_OURS_TO_SAY,
            )
        return self._made


async def _parts(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for part, _ in answer.content.iter_chunks():
            yield part
