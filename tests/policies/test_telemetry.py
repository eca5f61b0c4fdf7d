"""The telemetry policy: what is counted, logged and recorded of a request."""

import asyncio
import json

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from policies.base import GatewayResponse
from policies.correlation import Correlation
from policies.lifecycle import Lifecycle
from policies.telemetry import Telemetry as TelemetryPolicy
from tollway.problems import ContractDrift, QuotaExceeded
from tollway.telemetry.answered import Answered
from tollway.telemetry.metrics import MOST_SERIES
from tollway.telemetry.otlp import request_of
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def watched(resources, tmp_path):
    """Makes telemetry with settings, and the resources of a gateway that has it."""
    made = []

    def make(**settings):
        telemetry = Telemetry(TelemetrySettings(**settings), tmp_path)
        made.append(telemetry)
        gateway = msgspec.structs.replace(resources.gateway, telemetry=telemetry)
        return telemetry, msgspec.structs.replace(resources, gateway=gateway)

    yield make
    for telemetry in made:
        telemetry.close()


def values(telemetry: Telemetry, name: str) -> dict[tuple[str, ...], list[float]]:
    """The series of a metric."""
    (family,) = [family for family in telemetry.metrics.families() if family.name == name]
    return family.values


def stack(following, resources):
    """The two outermost policies around a handler."""
    return TelemetryPolicy().wrap(Correlation().wrap(following, resources), resources)


def raising(error: BaseException):
    """A handler that fails."""

    async def fail(_):
        raise error

    return fail


async def test_requests_are_counted_by_what_tells_them_apart(watched, make_request, following, caller) -> None:
    """One series for each product, version, operation, client and status; durations by operation."""
    telemetry, resources = watched()
    handle = stack(following, resources)
    for client in ("shop", "shop", "desk"):
        await handle(make_request(caller=caller(client=client)))
    await handle(make_request())
    counted = {labels[3]: number for labels, (number,) in values(telemetry, "requests").items()}
    assert counted == {"shop": 2, "desk": 1, "anonymous": 1}
    operation = make_request().operation.id
    version = "v" + resources.contract.document["info"]["version"].partition(".")[0]
    assert ("orders", version, operation, "shop", "200") in values(telemetry, "requests")
    ((labels, buckets),) = values(telemetry, "request_duration_seconds").items()
    assert labels == ("orders", version, operation)
    assert sum(buckets[:-1]) == 4
    assert 0 < buckets[-1] < 4
    assert sum(seconds for (seconds,) in values(telemetry, "request_seconds").values()) == pytest.approx(buckets[-1])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QuotaExceeded("too many"), "429"),
        (ContractDrift("broken"), "502"),
        (ZeroDivisionError(), "500"),
        (asyncio.CancelledError(), "499"),
    ],
)
async def test_what_goes_wrong_is_counted_and_goes_on(watched, make_request, error, status) -> None:
    """A problem counts with the status it is answered with, a caller that went away as 499; nothing stays in flight."""
    telemetry, resources = watched()
    with pytest.raises(type(error)):
        await stack(raising(error), resources)(make_request())
    (labels,) = values(telemetry, "requests")
    assert labels[4] == status
    assert values(telemetry, "requests_in_flight") == {("orders",): [0.0]}


async def test_requests_in_flight_are_told(watched, make_request) -> None:
    """A request counts as in flight until it has been answered."""
    telemetry, resources = watched()
    seen = []

    async def answer(_):
        seen.append(values(telemetry, "requests_in_flight")["orders",][0])
        return GatewayResponse(200, [], b"")

    await stack(answer, resources)(make_request())
    assert seen == [1.0]
    assert values(telemetry, "requests_in_flight")["orders",] == [0.0]


async def test_what_the_contract_does_not_have_is_one_series(watched, make_request, following) -> None:
    """Paths and methods that strangers think up make no series of their own."""
    telemetry, resources = watched()
    handle = stack(following, resources)
    for number in range(100):
        await handle(make_request(target=f"/orders/v1/made-up-{number}"))
    await handle(make_request("PURGE"))
    assert [labels[2] for labels in values(telemetry, "requests")] == [""]
    assert len(values(telemetry, "request_duration_seconds")) == 1


async def test_ten_thousand_clients_make_few_series(watched, make_request, following, caller) -> None:
    """Clients beyond the setting are counted together as `other`, and none is lost."""
    telemetry, resources = watched(metrics_clients=50)
    handle = stack(following, resources)
    for number in range(10_000):
        await handle(make_request(caller=caller(client=f"client-{number}")))
    counted = {labels[3]: number for labels, (number,) in values(telemetry, "requests").items()}
    assert len(counted) == 51
    assert counted["other"] == 9_950
    assert sum(counted.values()) == 10_000


async def test_a_full_product_tells_clients_apart_no_more(watched, make_request, following, caller) -> None:
    """Where clients, operations and statuses make too many series, what is new is counted without its client."""
    telemetry, resources = watched(metrics_clients=MOST_SERIES)
    handle = stack(following, resources)
    for number in range(MOST_SERIES):
        await handle(make_request(caller=caller(client=f"client-{number}")))
    for number in range(3):
        await handle(make_request("PURGE", caller=caller(client=f"client-{number}")))
    await handle(make_request(caller=caller(client="client-0")))
    requests, seconds = values(telemetry, "requests"), values(telemetry, "request_seconds")
    assert requests.keys() == seconds.keys()
    assert [labels[3:] + tuple(number) for labels, number in requests.items() if not labels[2]] == [("other", "200", 3)]
    assert sum(number for (number,) in requests.values()) == MOST_SERIES + 4
    assert next(number for labels, (number,) in requests.items() if labels[3] == "client-0") == 2


async def test_a_reload_of_the_routes_keeps_what_was_counted(watched, make_request, following, caller) -> None:
    """Wrapping anew goes on with the same series and the same clients."""
    telemetry, resources = watched(metrics_clients=1)
    for client in ("shop", "desk", "shop"):
        await stack(following, resources)(make_request(caller=caller(client=client)))
    counted = {labels[3]: number for labels, (number,) in values(telemetry, "requests").items()}
    assert counted == {"shop": 2, "other": 1}


async def test_the_access_log_tells_all_but_secrets(watched, make_request, following, caller, tmp_path) -> None:
    """A line has who asked for what with which outcome under which ids, and neither query nor token nor body."""
    telemetry, resources = watched(access_log=str(tmp_path / "access.log"))
    headers = {"authorization": "Bearer s3cret", "traceparent": PARENT, "correlation-id": "c-1", "cookie": "s3cret"}
    request = make_request(
        "POST", "/orders/v1/orders?token=s3cret", headers=headers, chunks=(b'{"card":"s3cret"}',), caller=caller()
    )
    await request.body()
    await stack(following, resources)(request)
    with pytest.raises(QuotaExceeded):
        await stack(raising(QuotaExceeded("no")), resources)(make_request())
    telemetry.close()
    text = (tmp_path / "access.log").read_text()
    first, second = map(json.loads, text.splitlines())
    assert "s3cret" not in text
    assert first.pop("timestamp").startswith("20")
    assert first.pop("duration_us") >= 0
    assert first == {
        "event": "request",
        "correlation_id": "c-1",
        "trace_id": PARENT[3:35],
        "product": "orders",
        "method": "POST",
        "path": "/orders/v1/orders",
        "status": 200,
        "operation": request.operation.id,
        "client": "shop",
        "address": "192.0.2.1",
        "request_bytes": 17,
        "response_bytes": 7,
    }
    assert (second["status"], second["problem"]) == (429, "quota-exceeded")


async def test_a_line_cannot_be_forged(watched, make_request, following, tmp_path) -> None:
    """What a caller puts into its path stays within its own line."""
    telemetry, resources = watched(access_log=str(tmp_path / "access.log"))
    await stack(following, resources)(make_request(target='/orders/v1/orders/%22%7D%20x"y'))
    telemetry.close()
    (line,) = (tmp_path / "access.log").read_bytes().splitlines()
    assert json.loads(line)["path"].startswith("/orders/v1/orders/%22%7D")


def told(requests: list[Answered]) -> list[Span]:
    """Their spans, as a receiver of OTLP reads them."""
    read = ExportTraceServiceRequest.FromString(request_of(requests, b""))
    return list(read.resource_spans[0].scope_spans[0].spans)


async def test_only_recorded_traces_go_to_the_exporter(watched, make_request, following) -> None:
    """A request whose trace is not recorded makes no span; one that is says whose child it is."""
    telemetry, resources = watched(otlp_endpoint="http://127.0.0.1:9", sampling=0.0)
    spans = []
    telemetry.spans.put = spans.append
    handle = stack(following, resources)
    await handle(make_request())
    await handle(make_request(headers={"traceparent": PARENT[:-1] + "0"}))
    assert spans == []
    await handle(make_request(headers={"traceparent": PARENT, "tracestate": "a=1", "host": "api.example.com"}))
    (span,) = told(spans)
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.trace_state) == (PARENT[3:35], PARENT[36:52], "a=1")
    assert spans[0].host == b"api.example.com"
    assert span.span_id != span.parent_span_id


async def test_a_trace_that_begins_here_has_no_parent(watched, make_request, following, resources) -> None:
    """A caller whose trace is not taken over is not named as the parent."""
    telemetry, resources = watched(otlp_endpoint="http://127.0.0.1:9", sampling=1.0)
    spans = []
    telemetry.spans.put = spans.append
    inner = Correlation(trust_caller=False).wrap(following, resources)
    await TelemetryPolicy().wrap(inner, resources)(make_request(headers={"traceparent": PARENT}))
    assert [span.parent_span_id for span in told(spans)] == [b""]


async def test_who_calls_a_deprecated_version_is_counted(watched, make_request, following, caller) -> None:
    """Lifecycle counts every request of every client, when it last came, and when the version ends."""
    telemetry, resources = watched()
    written = {
        "deprecated_on": "2026-11-21",
        "sunset_on": "2027-11-30",
        "successor": "/orders/v2",
        "documentation": "/docs",
    }
    handle = msgspec.convert(written, Lifecycle).wrap(following, resources)
    for take in resources.when_taken:
        take()
    for client in ("shop", "shop", "desk"):
        await handle(make_request(caller=caller(client=client)))
    assert values(telemetry, "deprecated_requests") == {("orders", "shop"): [2.0], ("orders", "desk"): [1.0]}
    assert values(telemetry, "deprecated_last_request_timestamp_seconds")["orders", "desk"][0] > 1.7e9
    assert values(telemetry, "deprecated_sunset_timestamp_seconds") == {("orders",): [1827619200.0]}
