"""The correlation policy."""

import os
import re

import msgspec
import pytest

from policies.correlation import Correlation
from tollway.context import random_digits
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture
def sampling(resources):
    """Resources of a gateway that records a share of the traces begun here."""

    def made(ratio: float):
        telemetry = Telemetry(TelemetrySettings(sampling=ratio))
        return msgspec.structs.replace(
            resources, gateway=msgspec.structs.replace(resources.gateway, telemetry=telemetry)
        )

    return made


async def test_ids_of_the_caller_are_taken_over(make_request, following, resources) -> None:
    """The caller's correlation id, trace id and sampling flag go on; the span is new."""
    request = make_request(headers={"correlation-id": "c-1", "traceparent": TRACE})
    await Correlation().wrap(following, resources)(request)
    assert request.context.correlation_id == "c-1"
    assert re.fullmatch(r"00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00", request.context.traceparent)
    assert request.context.traceparent != TRACE
    assert (b"correlation-id", b"c-1") in request.answer_headers
    assert (b"traceparent", request.context.traceparent.encode()) in request.answer_headers


async def test_what_is_no_id_is_replaced(make_request, following, resources) -> None:
    """A header that could forge a log line, or is no trace parent, is replaced by new ids."""
    request = make_request(headers={"correlation-id": "x\ny", "traceparent": "00-zz"})
    await Correlation().wrap(following, resources)(request)
    assert re.fullmatch(r"[0-9a-f]{24}", request.context.correlation_id)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", request.context.traceparent)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (TRACE, True),
        (TRACE.replace("00-", "cc-", 1) + "-what-comes-later", True),
        (TRACE.replace("00-", "cc-", 1), True),
        (TRACE + "-more", False),
        (TRACE.replace("00-", "ff-", 1), False),
        (TRACE.upper(), False),
        ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01", False),
        (TRACE + ", " + TRACE, False),
    ],
)
async def test_a_trace_parent_is_what_the_standard_says(make_request, following, resources, given, taken) -> None:
    """Version 00 exactly, later versions by their known part, never ff, never an id of zeros, never two of them."""
    request = make_request(headers={"traceparent": given, "tracestate": "a=1"})
    await Correlation().wrap(following, resources)(request)
    ids = request.context
    assert (ids.traceparent[3:35] == "4bf92f3577b34da6a3ce929d0e0e4736") is taken
    assert ids.traceparent.startswith("00-")
    assert len(ids.traceparent) == len(TRACE)
    assert ids.tracestate == ("a=1" if taken else "")


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
        (" fw529a3039@dt=FfkA , \t,a=b c", "fw529a3039@dt=FfkA,a=b c"),
        ("a=1,a=2", ""),
        ("a", ""),
        ("A=1", ""),
        ("a=1=2", ""),
        (",".join(f"k{number}=v" for number in range(33)), ""),
        ("a=" + "x" * 250 + ",b=" + "y" * 250 + ",c=" + "z" * 250, "a=" + "x" * 250 + ",b=" + "y" * 250),
    ],
)
async def test_the_trace_state_is_passed_on_as_the_standard_asks(
    make_request, following, resources, given, passed_on
) -> None:
    """Well-formed lists go on, up to 512 characters of whole members; others are dropped, and the trace goes on."""
    request = make_request(headers={"traceparent": TRACE, "tracestate": given})
    await Correlation().wrap(following, resources)(request)
    assert request.context.tracestate == passed_on
    assert request.context.traceparent[3:35] == TRACE[3:35]


async def test_ids_of_strangers_can_be_ignored(make_request, following, resources) -> None:
    """With trust_caller off both ids start here, and nobody outside decides what is recorded."""
    request = make_request(headers={"correlation-id": "c-1", "traceparent": TRACE, "tracestate": "a=1"})
    await Correlation(trust_caller=False).wrap(following, resources)(request)
    assert request.context.correlation_id != "c-1"
    assert "4bf92f3577b34da6a3ce929d0e0e4736" not in request.context.traceparent
    assert request.context.tracestate == ""


@pytest.mark.parametrize(("ratio", "least", "most"), [(0.0, 0, 0), (0.25, 380, 620), (1.0, 2000, 2000)])
async def test_a_share_of_new_traces_is_recorded(make_request, following, sampling, ratio, least, most) -> None:
    """Of the traces that begin here the setting's share is recorded (within six standard deviations)."""
    handle = Correlation().wrap(following, sampling(ratio))
    requests = [make_request() for _ in range(2000)]
    for request in requests:
        await handle(request)
    assert least <= sum(request.context.traceparent.endswith("-01") for request in requests) <= most
    assert len({request.context.traceparent for request in requests}) == 2000


@pytest.mark.parametrize("flag", ["00", "01"])
@pytest.mark.parametrize("ratio", [0.0, 1.0])
async def test_the_callers_decision_to_record_holds(make_request, following, sampling, ratio, flag) -> None:
    """Whatever share is recorded here, a caller that brings a trace has decided for it."""
    request = make_request(headers={"traceparent": TRACE[:-2] + flag})
    await Correlation().wrap(following, sampling(ratio))(request)
    assert request.context.traceparent.endswith(f"-{flag}")


def test_a_forked_worker_has_ids_of_its_own() -> None:
    """Processes that are copies of one another do not give out the same ids."""
    random_digits(72)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, random_digits(72).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 72).decode() != random_digits(72)
    os.close(reader)
    os.close(writer)
