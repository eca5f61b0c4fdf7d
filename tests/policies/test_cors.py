"""The CORS policy."""

import pytest

from policies.base import GatewayResponse
from policies.cors import Cors
from tollway.problems import Forbidden, Unavailable

PORTAL = "https://portal.example.com"
PREFLIGHT = {"origin": PORTAL, "access-control-request-method": "POST", "access-control-request-headers": "dpop"}


@pytest.fixture
def untouched():
    """A next handler that must not be reached."""

    async def answer(_):
        raise AssertionError("a preflight reached the next handler")

    return answer


async def test_a_preflight_of_a_known_origin_is_answered_here(make_request, untouched, resources) -> None:
    """The browser learns what it may send, and nothing behind the policy is asked."""
    handler = Cors(origins=(PORTAL,)).wrap(untouched, resources)
    answer = await handler(make_request("OPTIONS", "/orders/v1/orders", headers=PREFLIGHT))
    headers = dict(answer.headers)
    assert (answer.status, answer.body) == (204, b"")
    assert headers[b"access-control-allow-origin"] == PORTAL.encode()
    assert headers[b"access-control-allow-methods"] == b"GET, POST"
    assert b"idempotency-key" in headers[b"access-control-allow-headers"].split(b", ")
    assert headers[b"access-control-max-age"] == b"600"
    assert headers[b"vary"].startswith(b"origin, ")
    assert b"access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "null", PORTAL + ".evil.example", "http://portal.example.com", PORTAL + ":444",
     PORTAL.upper(), f"{PORTAL}, https://evil.example.com", ""],
)  # fmt: skip
async def test_other_origins_get_nothing(make_request, untouched, following, resources, origin) -> None:
    """A preflight of another origin is refused, and its requests get no header that lets the page read the answer."""
    policy = Cors(origins=(PORTAL,))
    with pytest.raises(Forbidden):
        await policy.wrap(untouched, resources)(make_request("OPTIONS", headers=PREFLIGHT | {"origin": origin}))
    request = make_request(headers={"origin": origin})
    answer = await policy.wrap(following, resources)(request)
    assert answer.status == 200
    assert request.answer_headers == [(b"vary", b"origin")]


async def test_a_known_origin_may_read_answers_and_problems(make_request, resources) -> None:
    """The origin, and what its pages may read, are on whatever becomes of the request."""

    async def failing(_):
        raise Unavailable("later")

    request = make_request(headers={"origin": PORTAL})
    with pytest.raises(Unavailable):
        await Cors(origins=(PORTAL,), credentials=True).wrap(failing, resources)(request)
    headers = dict(request.answer_headers)
    assert headers[b"access-control-allow-origin"] == PORTAL.encode()
    assert headers[b"access-control-allow-credentials"] == b"true"
    assert b"retry-after" in headers[b"access-control-expose-headers"].split(b", ")
    assert headers[b"vary"] == b"origin"


async def test_answers_vary_by_origin_even_without_one(make_request, resources) -> None:
    """A cache must not give one origin's answer to another; what the service varies by stays, and its list too."""
    given = [(b"vary", b"accept")]

    async def answer(_):
        return GatewayResponse(200, given, b"")

    request = make_request()
    answered = await Cors(origins=(PORTAL,)).wrap(answer, resources)(request)
    assert (answered.headers, request.answer_headers) == ([(b"vary", b"accept")], [(b"vary", b"origin")])
    assert given == [(b"vary", b"accept")]


async def test_every_origin_is_told_by_a_star(make_request, following, resources) -> None:
    """`*` lets every page read, without credentials, and the answer is the same for all."""
    request = make_request(headers={"origin": "https://anyone.example"})
    answer = await Cors(origins=("*",)).wrap(following, resources)(request)
    headers = dict(request.answer_headers)
    assert headers[b"access-control-allow-origin"] == b"*"
    assert b"access-control-allow-credentials" not in headers
    assert answer.headers == []


@pytest.mark.parametrize(
    ("origins", "credentials"),
    [(("*",), True), (("*", PORTAL), False), (("null",), False), ((PORTAL + "/",), False), (("portal.example",), False),
     (("https://*.example.com",), False), (("https://a@b.example",), False)],
)  # fmt: skip
def test_origins_that_open_too_much_are_refused(origins, credentials) -> None:
    """`*` with credentials, `null`, patterns and addresses that are no origin do not start."""
    with pytest.raises(ValueError, match="origin"):
        Cors(origins=origins, credentials=credentials)
