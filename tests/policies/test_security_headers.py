"""The security headers policy."""

import msgspec
import pytest

from policies.security_headers import SecurityHeaders, completed, fields
from tollway.problems import Unavailable


def behind(resources, url):
    """The resources of a gateway that callers know by `url`."""
    oauth = msgspec.structs.replace(resources.gateway.oauth, url=url)
    return msgspec.structs.replace(resources, gateway=msgspec.structs.replace(resources.gateway, oauth=oauth))


async def test_answers_carry_them(make_request, following, resources) -> None:
    """An answer tells browsers to sniff, frame, run and keep nothing."""
    request = make_request()
    await SecurityHeaders().wrap(following, resources)(request)
    headers = dict(request.answer_headers)
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
    assert headers[b"referrer-policy"] == b"no-referrer"
    assert headers[b"cache-control"] == b"no-store"


async def test_problems_carry_them(make_request, resources) -> None:
    """A refusal has the same headers, and is not kept by caches."""

    async def failing(_):
        raise Unavailable("later")

    request = make_request()
    with pytest.raises(Unavailable):
        await SecurityHeaders().wrap(failing, resources)(request)
    assert {b"x-content-type-options", b"cache-control"} <= dict(request.answer_headers).keys()


@pytest.mark.parametrize(
    ("url", "seconds", "said"),
    [("https://api.example.com", 60, b"max-age=60"), ("https://api.example.com", 0, None), ("http://a", 60, None)],
)
async def test_https_is_kept_to_where_callers_use_it(make_request, following, resources, url, seconds, said) -> None:
    """HSTS is said where the gateway is known by https, whatever the scheme behind the TLS terminator."""
    request = make_request()
    await SecurityHeaders(hsts_seconds=seconds).wrap(following, behind(resources, url))(request)
    assert dict(request.answer_headers).get(b"strict-transport-security") == said


def test_a_page_keeps_what_it_says_itself() -> None:
    """Answers outside of any product get what they lack and lose nothing."""
    page = [(b"content-security-policy", b"default-src 'self'"), (b"cache-control", b"max-age=60")]
    headers = completed(page, fields("https://api.example.com"))
    assert headers[:2] == page
    assert len({name for name, _ in headers}) == len(headers)
    assert {b"x-content-type-options", b"strict-transport-security"} <= dict(headers).keys()
