"""What must hold before anything is measured: right answers, and policies that are at work and not just configured."""

import time
from collections.abc import Mapping

import httpx
import msgspec

from bench.gateway import stack
from bench.gateway.invoices import BODY, INVOICE
from bench.gateway.peers import PEERS, envoy
from bench.gateway.placements import Placement, Placements
from bench.gateway.processes import found

_EXPECTED = msgspec.json.decode(BODY)
_START_SECONDS = 30.0
_JSON = {"content-type": "application/json"}


class WrongAnswer(RuntimeError):
    """A placement does not do what is to be measured."""


def answers(placement: Placement) -> None:
    """Both operations answer what the service answers, and a caller without a token is refused where one is asked."""
    headers = dict(placement.headers())
    with httpx.Client(timeout=10) as client:
        _wait(client, placement, headers)
        got = client.get(f"{placement.invoices}/{INVOICE.id}", headers=headers)
        made = client.post(placement.invoices, headers=headers | _JSON, content=BODY)
        for answer, status in ((got, 200), (made, 201)):
            if answer.status_code != status or answer.json() != _EXPECTED:
                raise WrongAnswer(f"{placement.name} answered {answer.status_code} {answer.text[:500]}")
        if placement.asks:
            bare = {name: value for name, value in headers.items() if name != "authorization"}
            _expect(client.get(f"{placement.invoices}/{INVOICE.id}", headers=bare), 401, placement)


def policies(gateway: Placement) -> None:
    """The gateway tells its ids and limits, and refuses what the contract does not allow."""
    headers = dict(gateway.headers())
    with httpx.Client(timeout=10) as client:
        got = client.get(f"{gateway.invoices}/{INVOICE.id}", headers=headers)
        missing = {"correlation-id", "traceparent", "ratelimit", "ratelimit-policy"} - set(got.headers)
        if missing:
            raise WrongAnswer(f"{gateway.name} answers without {sorted(missing)}")
        broken = client.post(gateway.invoices, headers=headers | _JSON, content=b'{"id": 1}')
        _expect(broken, 422, gateway)


def limits(placements: Placements) -> None:
    """The gateway and Envoy, given a plan of a few requests a minute, refuse what is beyond it."""
    small = stack.limited(stack.POLICIES, "2/minute")
    limited = [placements.gateway("limited-gateway", "gateway with a small plan", policies=small)]
    program = found("envoy")
    peer = next(peer for peer in PEERS if peer.asks)
    if program:
        tiny = msgspec.structs.replace(peer, command=envoy.with_small_plan)
        limited.append(placements.peer(tiny, program, "limited-envoy"))
    for placement in limited:
        headers = dict(placement.headers())
        with httpx.Client(timeout=10) as client:
            seen = [client.get(f"{placement.invoices}/{INVOICE.id}", headers=headers) for _ in range(8)]
        _expect(seen[-1], 429, placement)
        placements.end(placement)


def _wait(client: httpx.Client, placement: Placement, headers: Mapping[str, str]) -> None:
    """Until the workers are there, which come after the port is open."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get(f"{placement.invoices}/{INVOICE.id}", headers=headers).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)


def _expect(answer: httpx.Response, status: int, placement: Placement) -> None:
    if answer.status_code != status:
        raise WrongAnswer(f"{placement.name} answered {answer.status_code} where {status} was due: {answer.text[:500]}")
