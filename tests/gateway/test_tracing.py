"""The trace context on its way through the gateway."""

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_the_trace_goes_through_to_the_service(reader) -> None:
    """The service sees the caller's trace and its vendors' state, with the gateway's span as the parent."""
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "congo=t61,rojo=00f0"}
    answer = await reader.get("/sales/v1/seen", headers=headers)
    seen = answer.json()
    assert seen["headers"]["tracestate"] == "congo=t61,rojo=00f0"
    assert seen["traceparent"][3:35] == TRACE
    assert seen["traceparent"][36:52] != "00f067aa0ba902b7"
    assert seen["traceparent"] == answer.headers["traceparent"]


async def test_state_without_a_trace_stays_outside(reader) -> None:
    """A trace state that belongs to no trace, or is malformed, reaches no service."""
    for headers in (
        {"tracestate": "congo=t61"},
        {"tracestate": "CONGO", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"},
    ):
        seen = (await reader.get("/sales/v1/seen", headers=headers)).json()
        assert "tracestate" not in seen["headers"]
