"""What a handler returned, as a JSON answer: all that our services need of a response, at a quarter of its price."""

from typing import Any

import msgspec
from litestar import Response
from litestar.types import Receive, Scope, Send

from tollway.http.exchange import WITHOUT_BODY

_JSON = (b"content-type", b"application/json")


class JsonResponse(Response[Any]):
    """Has no cookies, background tasks or encoders: types that msgspec does not know belong into no contract."""

    def __init__(self, content: Any, *, status_code: int = 200, **_: Any) -> None:
        self.content = content
        self.status = status_code

    def to_asgi_response(  # type: ignore[override]  # Litestar sends what is returned, whatever its class
        self, *_: Any, headers: dict[str, str] | None = None, **__: Any
    ) -> "_Sent":
        """The answer, with the handler's own headers."""
        fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
        if self.status in WITHOUT_BODY:
            return _Sent(self.status, fields, b"")
        body = msgspec.json.encode(self.content)
        return _Sent(self.status, [_JSON, (b"content-length", b"%d" % len(body)), *fields], body)


class _Sent:
    """An answer that is encoded."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
