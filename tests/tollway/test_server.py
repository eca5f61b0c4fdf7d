"""How an application is served, by one process or several: services by granian, the gateway by its own server."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time

import httpx
import pytest

from gateway.http1 import server as http1
from tollway.http import server as granian
from tollway.problems import StartupError

WORKERS = textwrap.dedent("""
    import asyncio, os, sys
    from contextlib import asynccontextmanager
    from importlib import import_module

    @asynccontextmanager
    async def opening():
        async def app(scope, receive, send):
            if scope["path"] == "/slow":
                open(sys.argv[3], "w").close()
                await asyncio.sleep(1)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
        yield app

    import_module(sys.argv[2]).serve_by_workers(opening, "127.0.0.1", int(sys.argv[1]), 2)
""")


async def application(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


SERVERS = pytest.mark.parametrize("server", [granian, http1], ids=["granian", "http1"], indirect=True)


@pytest.fixture
def server(request):
    """What serves."""
    return request.param


@pytest.fixture
def begun(tmp_path):
    """The file that is there as soon as a worker takes its time over a request."""
    return tmp_path / "begun"


@pytest.fixture
def workers(server, begun, free_port):
    """Two worker processes; their parent and where they answer."""
    port = free_port()
    parent = subprocess.Popen([sys.executable, "-c", WORKERS, str(port), server.__name__, begun])
    url = f"http://127.0.0.1:{port}"
    _until(lambda: len(_pids(url)) == 2)
    yield parent, url
    parent.kill()
    parent.wait()


def _answer(url: str) -> int:
    return int(httpx.get(url).text)


def _pids(url: str) -> set[int]:
    with contextlib.suppress(httpx.TransportError):
        return {_answer(url) for _ in range(12)}
    return set()


def _until(holds, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


@SERVERS
async def test_what_is_served_answers_until_the_block_ends(server) -> None:
    """Port 0 takes a free one, and nothing answers there afterwards."""
    async with server.serve(application, "127.0.0.1", 0) as url, httpx.AsyncClient() as client:
        assert (await client.get(url)).text == "here"
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


@SERVERS
async def test_a_port_that_is_taken_is_named(server) -> None:
    """Who cannot have a port is told which, and what to do."""
    async with server.serve(application, "127.0.0.1", 0) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(StartupError, match=f"Port {port} on 127.0.0.1 cannot be used"):
            async with server.serve(application, "127.0.0.1", port):
                pass


@SERVERS
async def test_a_request_that_has_begun_is_finished_before_the_end(server) -> None:
    """The end of the block waits for answers that are under way."""
    begun = asyncio.Event()

    async def slow(scope, receive, send) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        await application(scope, receive, send)

    async with httpx.AsyncClient() as client:
        async with server.serve(slow, "127.0.0.1", 0) as url:
            asking = asyncio.create_task(client.get(url))
            await begun.wait()
        assert (await asking).text == "here"


@SERVERS
def test_a_worker_that_died_is_replaced(workers) -> None:
    """The port goes on answering, soon by as many workers as before."""
    _, url = workers
    victim = _answer(url)
    os.kill(victim, signal.SIGKILL)
    _until(lambda: len(_pids(url) - {victim}) == 2)


@SERVERS
def test_workers_finish_what_they_do_when_told_to_stop(workers, begun) -> None:
    """A termination signal lets a request that has begun be answered, and ends everybody; a hang-up ends nobody."""
    parent, url = workers
    before = _pids(url)
    parent.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert _pids(url) == before
    asking = subprocess.Popen([sys.executable, "-c", f"import httpx; print(httpx.get('{url}/slow').status_code)"],
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    _until(begun.exists)
    parent.terminate()
    assert asking.communicate(timeout=20)[0] == "200\n"
    assert parent.wait(20) == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(url)


@SERVERS
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own signal at a parent's death is Linux'")
def test_workers_do_not_outlive_their_parent(workers) -> None:
    """When the parent is killed, nobody stays to answer on its port."""
    parent, url = workers
    parent.kill()
    _until(lambda: not _pids(url))
