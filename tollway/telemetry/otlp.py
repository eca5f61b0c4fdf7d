"""Spans in the protobuf form of OTLP, after OpenTelemetry's conventions for HTTP servers.

Written by hand: what is the same in many spans is encoded once, which makes a span cost a few microseconds.
"""

from binascii import unhexlify
from collections.abc import Mapping, Sequence
from functools import lru_cache
from struct import Struct

from tollway.telemetry.answered import Answered

SCHEMA = "https://opentelemetry.io/schemas/1.27.0"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"))
_SERVER_ERROR = 500
_PORT_DIGITS = 5
_SHORT = 80
"""Bytes of a value whose attribute, with the longest of our keys, has lengths of one byte."""
_KIND_SERVER = b"\x30\x02"
_STATUS_ERROR = b"\x7a\x02\x18\x02"
_ENDS_HERE = b"\x85\x01\x01\x01\x00\x00"
"""The flags of a span that has no parent elsewhere: sampled, and known to have none."""
_REMOTE_PARENT = b"\x85\x01\x01\x03\x00\x00"
_times = Struct("<BQBQ").pack
_START, _END = 7 << 3 | 1, 8 << 3 | 1
_ATTRIBUTE = 9


def request_of(requests: Sequence[Answered], resource: bytes) -> bytes:
    """An ExportTraceServiceRequest with a span for each; `resource` is what `resource_of` made.

    Put together in one go: a batch is a megabyte, and each field around them would copy them again.
    """
    scope, schema = _field(1, _text(1, "tollway.gateway")), _text(3, SCHEMA)
    encoded = [_span(one) for one in requests]
    size = len(scope) + sum(map(len, encoded))
    begin = b"\x12%b%b" % (_varint(size), scope)
    whole = len(resource) + len(begin) - len(scope) + size + len(schema)
    return b"".join((b"\x0a", _varint(whole), resource, begin, *encoded, schema))


def resource_of(attributes: Mapping[str, str]) -> bytes:
    """Who sends the spans, encoded."""
    return _field(
        1, b"".join(_field(1, _text(1, key) + _field(2, _text(1, value))) for key, value in attributes.items())
    )


def _span(one: Answered) -> bytes:
    ids, began = one.ids, int(one.began * 1e9)
    trace_id, span_id = ids.traceparent[3:35], ids.traceparent[36:52]
    content = b"".join(
        (
            unhexlify(f"0a10{trace_id}1208{span_id}"),
            _times(_START, began, _END, began + int(one.seconds * 1e9)),
            _about(one.method, one.scheme, one.route, one.product, one.operation, one.status, one.problem),
            _caller(one.address, one.client, one.host, one.agent),
            _attribute(_PATH, one.path),
            _attribute(_CORRELATION_ID, ids.correlation_id),
            _parent(one.traceparent.decode("latin-1"), trace_id) if one.traceparent else _ENDS_HERE,
            _text(3, ids.tracestate) if ids.tracestate else b"",
            _integer("http.request.body.size", one.request_bytes) if one.request_bytes else b"",
            b"" if one.response_bytes is None else _integer("http.response.body.size", one.response_bytes),
        )
    )
    return _field(2, content)


def _parent(given: str, trace_id: str) -> bytes:
    """The caller's span, unless its trace was not taken over."""
    return bytes.fromhex("2208" + given[36:52]) + _REMOTE_PARENT if given[3:35] == trace_id else _ENDS_HERE


@lru_cache(maxsize=4096)
def _about(method: str, scheme: str, route: str, product: str, operation: str, status: int, problem: str) -> bytes:
    """What was asked for and how that went; only what the server did wrong is an error of a server's span."""
    known = method in _METHODS
    name = " ".join(part for part in (method if known else "HTTP", route) if part)
    failed = status >= _SERVER_ERROR
    attributes = {
        "http.request.method": method if known else "_OTHER",
        "http.request.method_original": "" if known else method,
        "url.scheme": scheme,
        "http.route": route,
        "tollway.product": product,
        "tollway.operation": operation,
        "error.type": (problem or str(status)) if failed else "",
    }
    return b"".join(
        (
            _text(5, name),
            _KIND_SERVER,
            _attributes(attributes),
            _integer("http.response.status_code", status),
            _STATUS_ERROR if failed else b"",
        )
    )


@lru_cache(maxsize=4096)
def _caller(address: str, client: str, host: bytes, agent: bytes) -> bytes:
    """Who asked, and by which address of ours; the bound keeps strangers from filling the memory."""
    called = host.decode("latin-1")
    name, colon, port = called.rpartition(":")
    if not colon or not port.isdecimal() or len(port) > _PORT_DIGITS:
        name, port = called, ""
    attributes = {
        "client.address": address,
        "tollway.client": client,
        "server.address": name.strip("[]"),
        "user_agent.original": agent.decode("latin-1"),
    }
    return _attributes(attributes) + (_integer("server.port", int(port)) if port else b"")


def _attributes(values: Mapping[str, str]) -> bytes:
    return b"".join(_attribute(_key(key), value) for key, value in values.items() if value)


def _attribute(name: bytes, value: str) -> bytes:
    text = value.encode("utf-8", "replace")
    length = len(text)
    if length > _SHORT:
        return _field(_ATTRIBUTE, name + _field(2, _field(1, text)))
    return b"\x4a%c%b\x12%c\x0a%c%b" % (len(name) + length + 4, name, length + 2, length, text)


@lru_cache(maxsize=64)
def _key(key: str) -> bytes:
    return _text(1, key)


@lru_cache(maxsize=4096)
def _integer(key: str, value: int) -> bytes:
    return _field(_ATTRIBUTE, _key(key) + _field(2, b"\x18" + _varint(value)))


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode("utf-8", "replace"))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: its number, below 16, the length and the content."""
    return b"%c%b%b" % (number << 3 | 2, _varint(len(content)), content)


def _varint(number: int) -> bytes:
    if number < 1 << 7:
        return b"%c" % number
    if number < 1 << 14:
        return b"%c%c" % (number & 0x7F | 0x80, number >> 7)
    return b"%c%b" % (number & 0x7F | 0x80, _varint(number >> 7))


_PATH, _CORRELATION_ID = _key("url.path"), _key("tollway.correlation_id")
