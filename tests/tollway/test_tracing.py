"""Spans, as a receiver of OTLP understands them."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tollway.context import RequestContext
from tollway.problems import StartupError
from tollway.telemetry.answered import Answered
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry
from tollway.telemetry.trace_context import threshold

TRACE, SPAN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "b7ad6b7169203331"


class Receiver:
    """An OTLP receiver that answers as it is told and keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.hold = threading.Event()
        self.hold.set()
        received = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.hold.wait(10)
                status, headers = received.answers.pop(0) if received.answers else (200, {})
                if status == 200 and self.path == "/v1/traces":
                    received.headers.append(dict(self.headers))
                    received.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self):
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.hold.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def telemetry(receiver):
    made = Telemetry(TelemetrySettings(otlp_endpoint=receiver.url, otlp_headers={"api-key": "k"}))
    yield made
    made.close()


def span(**changes: Any) -> Answered:
    """A request of which a span is to tell, with changes."""
    answered = Answered(
        began=1_800_000_000.5,
        seconds=0.0015,
        ids=RequestContext("c-1", f"00-{TRACE}-{SPAN}-01", tracestate="a=1"),
        product="orders",
        method="GET",
        path="/orders/v1/orders/7",
        status=200,
        operation="getOrder",
        route="/orders/v1/orders/{id}",
        client="shop",
        address="192.0.2.1",
        response_bytes=1000,
        scheme="https",
        traceparent=f"00-{TRACE}-{PARENT}-01".encode(),
        host=b"api.example.com:8443",
        agent=b"curl/8",
    )
    return msgspec.structs.replace(answered, **changes)


def attributes(told) -> dict[str, str | int]:
    """Attributes as plain values."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in told.attributes}


def exported(telemetry: Telemetry, receiver: Receiver, *spans: Answered):
    """The spans as the receiver has them."""
    for each in spans:
        telemetry.spans.put(each)
    telemetry.close()
    return receiver.spans


def counted(telemetry: Telemetry) -> tuple[float, float]:
    """Spans exported and dropped."""
    families = {family.name: family.values for family in telemetry.metrics.families()}
    return families["spans_exported"][()][0], families["telemetry_dropped"]["spans",][0]


def test_a_receiver_understands_a_span(telemetry, receiver) -> None:
    """Ids, times, kind, name and the attributes of OpenTelemetry's conventions for HTTP servers arrive as they are."""
    (told,) = exported(telemetry, receiver, span())
    assert (told.trace_id.hex(), told.span_id.hex(), told.parent_span_id.hex()) == (TRACE, SPAN, PARENT)
    assert (told.name, told.kind, told.trace_state) == ("GET /orders/v1/orders/{id}", told.SPAN_KIND_SERVER, "a=1")
    assert told.start_time_unix_nano == 1_800_000_000_500_000_000
    assert told.end_time_unix_nano - told.start_time_unix_nano == 1_500_000
    assert told.flags == 0x301  # sampled; the parent is known to be elsewhere
    assert told.status.code == told.status.STATUS_CODE_UNSET
    assert attributes(told) == {
        "http.request.method": "GET",
        "url.scheme": "https",
        "http.route": "/orders/v1/orders/{id}",
        "http.response.status_code": 200,
        "url.path": "/orders/v1/orders/7",
        "client.address": "192.0.2.1",
        "server.address": "api.example.com",
        "server.port": 8443,
        "user_agent.original": "curl/8",
        "http.response.body.size": 1000,
        "tollway.product": "orders",
        "tollway.operation": "getOrder",
        "tollway.client": "shop",
        "tollway.correlation_id": "c-1",
    }


def test_the_resource_says_who_sends(telemetry, receiver) -> None:
    """Spans come from one instance of the gateway, with the headers that the receiver asks for."""
    exported(telemetry, receiver, span())
    (resource,) = receiver.requests[0].resource_spans
    said = attributes(resource.resource)
    assert (said["service.namespace"], said["service.name"]) == ("tollway", "gateway")
    assert said["service.instance.id"]
    assert resource.schema_url.startswith("https://opentelemetry.io/schemas/")
    (headers,) = receiver.headers
    assert (headers["content-type"], headers["api-key"]) == ("application/x-protobuf", "k")


def test_only_what_the_server_did_wrong_is_an_error(telemetry, receiver) -> None:
    """A 404 leaves a server's span without an error; a 5xx names the problem or, without one, its status."""
    told = exported(
        telemetry,
        receiver,
        span(status=404, problem="not-found"),
        span(status=502, problem="contract-drift"),
        span(status=500),
    )
    assert [each.status.code for each in told] == [0, 2, 2]
    assert [attributes(each).get("error.type") for each in told] == [None, "contract-drift", "500"]


def test_strange_requests_keep_to_the_conventions(telemetry, receiver) -> None:
    """Unknown methods are _OTHER, what is unknown is left out, long and foreign text arrives whole."""
    path = "/" + "ü" * 9000
    (told,) = exported(
        telemetry,
        receiver,
        span(
            method="PURGE",
            route="",
            operation="",
            traceparent=b"",
            path=path,
            host=b"[::1]",
            agent=b"",
            client="",
            status=404,
        ),
    )
    said = attributes(told)
    assert told.name == "HTTP"
    assert (said["http.request.method"], said["http.request.method_original"]) == ("_OTHER", "PURGE")
    assert (said["url.path"], said["server.address"]) == (path, "[::1]".strip("[]"))
    assert not {"http.route", "tollway.client", "user_agent.original", "server.port"} & said.keys()
    assert (told.parent_span_id, told.flags) == (b"", 0x101)


@pytest.mark.parametrize("length", [0, 1, 79, 80, 81, 127, 128, 300, 16_383, 16_384, 40_000])
def test_text_of_any_length_arrives(telemetry, receiver, length) -> None:
    """Lengths around the bounds of their encoding are right."""
    (told,) = exported(telemetry, receiver, span(path="x" * length, agent=b"y" * length))
    assert attributes(told)["url.path"] == "x" * length


def test_a_receiver_that_is_busy_is_asked_again(telemetry, receiver) -> None:
    """After 503 with Retry-After the same spans are sent once more, and none is lost."""
    receiver.answers = [(503, {"retry-after": "0.05"}), (429, {})]
    telemetry.spans.put(span())
    _until(lambda: receiver.spans)
    assert len(receiver.spans) == 1
    _until(lambda: counted(telemetry) == (1, 0))


def test_what_a_receiver_refuses_is_dropped_and_counted(telemetry, receiver) -> None:
    """A 400 is not repeated: the spans are dropped, counted, and the next ones go through."""
    receiver.answers = [(400, {})]
    telemetry.spans.put(span())
    _until(lambda: counted(telemetry) == (0, 1))
    telemetry.spans.put(span())
    _until(lambda: counted(telemetry) == (1, 1))


def test_a_receiver_that_hangs_holds_nobody_up(receiver) -> None:
    """With the receiver stuck, putting spans stays quick, memory bounded, and what exceeds the bound is counted."""
    telemetry = Telemetry(TelemetrySettings(otlp_endpoint=receiver.url))
    receiver.hold.clear()
    began = time.perf_counter()
    one = span()
    for _ in range(30_000):
        telemetry.spans.put(one)
    assert time.perf_counter() - began < 2
    assert counted(telemetry)[1] >= 30_000 - 8192 - 2048 * 2
    receiver.hold.set()
    telemetry.close()
    assert sum(counted(telemetry)) == 30_000


def test_no_receiver_at_all_is_survived() -> None:
    """With nobody at the address spans are dropped and counted, and the process ends in time."""
    telemetry = Telemetry(TelemetrySettings(otlp_endpoint="http://127.0.0.1:1"))
    telemetry.spans.put(span())
    began = time.perf_counter()
    telemetry.close()
    assert time.perf_counter() - began < 3
    assert counted(telemetry) == (0, 1)


@pytest.mark.parametrize("endpoint", ["collector:4318", "ftp://collector", "http://"])
def test_an_endpoint_that_is_none_is_named(endpoint) -> None:
    """A wrong address keeps the gateway from starting and names the setting."""
    with pytest.raises(StartupError, match=r"telemetry\.otlp_endpoint"):
        Telemetry(TelemetrySettings(otlp_endpoint=endpoint))


def test_sampling_is_consistent() -> None:
    """Who records more records all that others record: OpenTelemetry's threshold over the last 56 bits."""
    assert threshold(1.0) == "00000000000000"
    assert threshold(0.5) == "80000000000000"
    assert threshold(0.05) > threshold(0.25) > threshold(1.0)
    assert threshold(0.0) > "ffffffffffffff"


def _until(reached, seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)
