"""Where webhooks are sent to, and where not: public addresses over https only, unless the configuration says more."""

import asyncio
from pathlib import Path

import pytest

from tollway.http.outside import Outside
from tollway.problems import Rejected, Unavailable, UnknownOutcome
from tollway.sandboxes.server import generate_certificate, serve


@pytest.fixture
async def public():
    """The way outside, as it is unless configured."""
    made = Outside()
    yield made
    await made.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://[::1]/hook",
        "https://10.1.2.3/hook",
        "https://172.16.0.1/hook",
        "https://192.168.1.1/hook",
        "https://100.64.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/hook",
        "https://[fd00::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://[2002:7f00:1::]/hook",
        "https://[64:ff9b::7f00:1]/hook",
        "https://0.0.0.0/hook",
        "https://224.0.0.1/hook",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "https://user:secret@8.8.8.8/hook",
        "https://8.8.8.8:99999/hook",
        "ftp://8.8.8.8/hook",
        "https:///hook",
        "https://[::1/hook",
        "https://häuser.example/hook",
        "https://exa mple.com/hook",
        "no address at all",
    ],
)
async def test_what_is_not_public_is_refused(public, url):
    """No spelling of an address inside, no other scheme and no credentials are taken, neither to check nor to send."""
    with pytest.raises((Rejected, Unavailable)):
        await public.check(url)
    with pytest.raises((Rejected, Unavailable)):
        await public.post(url, b"{}", {})


async def test_a_public_address_is_taken(public):
    """What is public and https may be subscribed with."""
    await public.check("https://8.8.8.8:8443/hook?of=tollway")


async def test_the_address_that_was_judged_is_the_one_that_is_asked(monkeypatch, public):
    """A name that leads inside at a second look (DNS rebinding) is looked at once, and that address is connected to."""
    looked: list[str] = []
    connected: list[str] = []
    loop = asyncio.get_running_loop()

    async def resolve(host, port, **_):
        looked.append(host)
        return [(0, 0, 0, "", ("8.8.8.8" if len(looked) == 1 else "127.0.0.1", port))]

    async def stop(request):
        connected.append(f"{request.url.host} {request.headers['host']} {request.extensions['sni_hostname']}")
        raise ConnectionAbortedError

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    monkeypatch.setattr(public._client._transport, "handle_async_request", stop)
    with pytest.raises(ConnectionAbortedError):
        await public.post("https://hooks.example.com/in", b"{}", {})
    assert looked == ["hooks.example.com"]
    assert connected == ["8.8.8.8 hooks.example.com hooks.example.com"]


async def _redirecting(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"http://127.0.0.1:1/")]})
        await send({"type": "http.response.body", "body": b"x" * 5_000})


async def test_a_redirect_is_an_answer_not_a_way():
    """Nothing is sent on to where a receiver points; of its answer only the beginning is read."""
    outside = Outside(["127.0.0.0/8"])
    async with serve(_redirecting) as address:
        answer = await outside.post(f"{address.url}/hook", b"{}", {})
    assert (answer.status, len(answer.beginning)) == (307, 1_000)
    await outside.close()


async def test_a_receiver_that_never_ends_is_left():
    """An answer that trickles is waited for no longer than is configured."""

    async def trickling(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(100):
                await send({"type": "http.response.body", "body": b".", "more_body": True})
                await asyncio.sleep(0.05)

    outside = Outside(["127.0.0.0/8"], timeout=0.3)
    async with serve(trickling) as address:
        with pytest.raises(UnknownOutcome, match="too long"):
            await outside.post(f"{address.url}/hook", b"{}", {})
    await outside.close()


async def test_a_certificate_is_checked_against_the_name(tmp_path: Path):
    """Over TLS the receiver proves that it is the name that was subscribed with, though we connect to its address."""
    outside = Outside(["127.0.0.0/8"])
    certificate = generate_certificate(tmp_path)

    async def fine(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async with serve(fine, certificate=certificate) as address:
        trusting = Outside(["127.0.0.0/8"], certificates=str(certificate[0]))
        assert (await trusting.post(f"https://localhost:{address.port}/hook", b"{}", {})).status == 200
        with pytest.raises(Unavailable, match="certificate"):
            await outside.post(f"https://localhost:{address.port}/hook", b"{}", {})
        await trusting.close()
    await outside.close()
