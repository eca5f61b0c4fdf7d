"""The correlation policy."""

import re

from policies.correlation import Correlation

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


async def test_ids_of_the_caller_are_taken_over(make_request, following, resources) -> None:
    """The caller's correlation id, trace id and sampling flag go on; the span is new."""
    request = make_request(headers={"correlation-id": "c-1", "traceparent": TRACE})
    await Correlation().wrap(following, resources)(request)
    assert request.context.correlation_id == "c-1"
    assert re.fullmatch(r"00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00", request.context.traceparent)
    assert request.context.traceparent != TRACE
    assert (b"correlation-id", b"c-1") in request.answer_headers


async def test_what_is_no_id_is_replaced(make_request, following, resources) -> None:
    """A header that could forge a log line, or is no trace parent, is replaced by new ids."""
    request = make_request(headers={"correlation-id": "x\ny", "traceparent": "00-zz"})
    await Correlation().wrap(following, resources)(request)
    assert re.fullmatch(r"[0-9a-f]{24}", request.context.correlation_id)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", request.context.traceparent)


async def test_ids_of_strangers_can_be_ignored(make_request, following, resources) -> None:
    """With trust_caller off both ids start here."""
    request = make_request(headers={"correlation-id": "c-1", "traceparent": TRACE})
    await Correlation(trust_caller=False).wrap(following, resources)(request)
    assert request.context.correlation_id != "c-1"
    assert "4bf92f3577b34da6a3ce929d0e0e4736" not in request.context.traceparent
