"""The lifecycle policy."""

import datetime as dt

import msgspec
import pytest

from policies.lifecycle import Lifecycle
from tollway.problems import Gone

WRITTEN = {
    "deprecated_on": "2026-11-21",
    "sunset_on": "2027-11-30",
    "successor": "/orders/v2",
    "documentation": "https://docs.example.com/orders/v2",
}
LAST_SECOND = dt.datetime(2027, 11, 30, 23, 59, 59, tzinfo=dt.UTC).timestamp()


def lifecycle(**changes) -> Lifecycle:
    """The policy as the routes' file would have it made."""
    return msgspec.convert({**WRITTEN, **changes}, Lifecycle)


@pytest.fixture
def ask(make_request, following, resources):
    """Asks a handler and gives back the answer's status and the headers that any answer would carry."""

    async def asked(policy: Lifecycle):
        request = make_request()
        status = (await policy.wrap(following, resources)(request)).status
        return status, dict(request.answer_headers)

    return asked


async def test_a_deprecated_version_says_so_in_the_standards_headers(ask) -> None:
    """Deprecation is a structured date (RFC 9745), Sunset an HTTP date (RFC 8594), and Link tells where to go."""
    status, headers = await ask(lifecycle())
    assert status == 200
    assert headers == {
        b"deprecation": b"@1795219200",
        b"sunset": b"Tue, 30 Nov 2027 23:59:59 GMT",
        b"link": b'<https://docs.example.com/orders/v2>; rel="deprecation"; type="text/html", '
        b'<https://docs.example.com/orders/v2>; rel="sunset"; type="text/html", '
        b'</orders/v2>; rel="successor-version"',
    }


def test_the_deprecation_date_is_the_seconds_since_1970() -> None:
    """RFC 9745 writes the last second of 30 June 2023 as @1688169599; the next day begins one later."""
    assert dict(lifecycle(deprecated_on="2023-07-01")._headers())[b"deprecation"] == b"@1688169600"


async def test_without_a_day_for_its_end_a_version_has_none(ask, clock) -> None:
    """A version that is deprecated with no end decided is served on, and promises none."""
    clock.now = LAST_SECOND * 2
    status, headers = await ask(lifecycle(sunset_on=None))
    assert status == 200
    assert b"sunset" not in headers
    assert b'rel="sunset"' not in headers[b"link"]
    assert b'rel="successor-version"' in headers[b"link"]


@pytest.mark.parametrize("before", [365 * 86_400.0, 0.0, -0.9])
async def test_a_version_is_served_to_the_end_of_its_last_day(ask, clock, before) -> None:
    """Until midnight UTC after the day that was promised, callers are answered."""
    clock.now = LAST_SECOND - before
    status, _ = await ask(lifecycle())
    assert status == 200


@pytest.mark.parametrize("after", [1.0, 86_400.0, 365 * 86_400.0])
async def test_after_its_end_a_version_is_gone_with_a_pointer(make_request, resources, clock, after) -> None:
    """From midnight on the answer is 410, nothing is asked of the service, and Link and words name the successor."""

    async def never(_):
        raise AssertionError("the service was asked")

    clock.now = LAST_SECOND + after
    request = make_request()
    with pytest.raises(Gone) as caught:
        await lifecycle().wrap(never, resources)(request)
    assert caught.value.status == 410
    assert caught.value.problem().type == "urn:tollway:problem:gone"
    assert "until 2027-11-30; /orders/v2 takes its place" in caught.value.detail
    headers = dict(request.answer_headers)
    assert b'</orders/v2>; rel="successor-version"' in headers[b"link"]
    assert headers[b"sunset"] == b"Tue, 30 Nov 2027 23:59:59 GMT"


async def test_problems_carry_the_headers_too(make_request, resources) -> None:
    """What a later handler refuses is still an answer of a deprecated version."""

    async def refusing(_):
        raise Gone("x")

    request = make_request()
    with pytest.raises(Gone):
        await lifecycle(sunset_on=None).wrap(refusing, resources)(request)
    assert {name for name, _ in request.answer_headers} == {b"deprecation", b"link"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sunset_on": "2026-11-20"}, "sunset_on is before deprecated_on"),
        ({"deprecated_on": "yesterday"}, "deprecated_on"),
        ({"successor": "javascript:alert(1)"}, "successor"),
        ({"successor": '/v2>; rel="next"'}, "successor"),
        ({"documentation": "/docs\r\nset-cookie: a=b"}, "documentation"),
        ({"documentation": "/docs\n"}, "documentation"),
        ({"sunset": "2027-01-01"}, "unknown field `sunset`"),
    ],
)
def test_a_lifecycle_that_cannot_be_is_refused(changes, reason) -> None:
    """An end before the beginning, no date, no address, and what would break a header are found at the start."""
    with pytest.raises(msgspec.ValidationError, match=reason):
        lifecycle(**changes)
