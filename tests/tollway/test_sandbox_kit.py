"""What sandboxes are made of: state that survives, and bad days that can be switched on."""

import asyncio
import time

import httpx
import pytest

from tollway.problems import StartupError
from tollway.sandboxes import Fault, Faults, State, serve


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sandbox.db"


def test_state_survives_being_reopened(path):
    """Documents, their order and the sequences are on disk before anybody closes the file."""
    state = State(path)
    for key in ("b", "a", "c"):
        state.put("things", key, {"key": key})
    state.put("things", "b", {"key": "b", "changed": True})
    state.delete("things", "a")
    assert [state.next_number("invoice", 10) for _ in range(2)] == [10, 11]
    again = State(path)
    assert list(again.all("things").items()) == [("b", {"key": "b", "changed": True}), ("c", {"key": "c"})]
    assert again.next_number("invoice", 10) == 12
    state.close()
    again.close()


def test_a_transaction_that_fails_changes_nothing(path):
    """What was created, replaced and deleted inside is as before, in memory and on disk, however deep it was done."""
    state = State(path)
    state.put("things", "kept", {"n": 1})
    state.put("things", "deleted", {"n": 2})

    def change() -> None:
        with state.transaction():
            state.put("things", "kept", {"n": 9})
            state.put("things", "kept", {"n": 10})
            state.delete("things", "deleted")
            with state.transaction():
                state.put("things", "new", {"n": 3})
                state.next_number("invoice")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    before = {"kept": {"n": 1}, "deleted": {"n": 2}}
    assert state.all("things") == before
    assert State(path).all("things") == before
    assert state.next_number("invoice") == 1


def test_what_is_not_there_cannot_be_deleted():
    """Deleting an unknown document is an error and reading it is not."""
    state = State()
    assert state.get("things", "none") is None
    with pytest.raises(KeyError):
        state.delete("things", "none")


@pytest.fixture
def worked() -> list[str]:
    """The calls that reached the sandbox behind the faults."""
    return []


@pytest.fixture
async def sandbox(worked):
    """A sandbox on a real socket that notes each call, its faults and a client."""

    async def app(scope, receive, send):
        worked.append(f"{scope['method']} {scope['path']}")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    faults = Faults(app, lambda status: (status, {"X-Platform": "ours"}, b"the platform's words"), throttle_status=420)
    async with serve(faults) as address, httpx.AsyncClient(base_url=address.url) as client:
        yield faults, client


async def test_an_error_is_answered_as_the_platform_does(sandbox, worked):
    """An error has the status that was asked for, and a throttle the platform's own; neither does the work."""
    faults, client = sandbox
    for fault, status in ((Fault(kind="error", status=502), 502), (Fault(kind="throttle"), 420)):
        faults.set(fault)
        answer = await client.get("/a")
        assert (answer.status_code, answer.headers["x-platform"]) == (status, "ours")
        assert answer.text == "the platform's words"
    assert worked == []


async def test_a_delay_only_delays(sandbox, worked):
    """A delayed call is answered as usual, later."""
    faults, client = sandbox
    faults.set(Fault(kind="delay", delay_ms=150))
    began = time.monotonic()
    assert (await client.get("/a")).text == "done"
    assert time.monotonic() - began >= 0.15


async def test_new_faults_let_delayed_calls_go_on(sandbox):
    """Whoever holds a call up to do something meanwhile lets it go when that is done."""
    faults, client = sandbox
    faults.set(Fault(kind="delay", delay_ms=60_000))
    held = asyncio.create_task(client.get("/a"))
    while not faults.running:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    faults.set()
    assert (await asyncio.wait_for(held, 20)).text == "done"


@pytest.mark.parametrize(("kind", "done"), [("lost_before", []), ("lost_after", ["POST /a"])])
async def test_a_lost_answer_drops_the_connection(sandbox, worked, kind, done):
    """The caller's connection breaks without an answer, before the work or after it."""
    faults, client = sandbox
    faults.set(Fault(kind=kind, times=1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.post("/a")
    assert worked == done
    assert (await client.post("/a")).text == "done"


@pytest.mark.parametrize(("kind", "done"), [("silent_before", []), ("silent_after", ["POST /a"])])
async def test_a_silent_sandbox_lets_the_caller_wait(sandbox, worked, kind, done):
    """The caller hears nothing until it gives up, and the work is done or not."""
    faults, client = sandbox
    faults.set(Fault(kind=kind, times=1))
    with pytest.raises(httpx.ReadTimeout):
        await client.post("/a", timeout=0.2)
    assert worked == done


async def test_an_answer_is_cut_in_the_middle(sandbox, worked):
    """The work is done and the answer begins, but does not end."""
    faults, client = sandbox
    faults.set(Fault(kind="cut"))
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/a")
    assert worked == ["POST /a"]


async def test_an_answer_is_something_else(sandbox, worked):
    """The work is done, and the answer is of the same status but makes no sense."""
    faults, client = sandbox
    faults.set(Fault(kind="malformed"))
    answer = await client.post("/a")
    assert (answer.status_code, answer.text[:6]) == (200, "<html>")
    assert worked == ["POST /a"]


async def test_an_overloaded_platform_says_when_to_come_again(sandbox):
    """A refusal carries the Retry-After that was asked for."""
    faults, client = sandbox
    faults.set(Fault(kind="throttle", retry_after="7"))
    assert (await client.get("/a")).headers["retry-after"] == "7"


async def test_a_fault_passes_over_the_first_calls(sandbox):
    """Of the calls that it names, the first go unharmed when it is told so; several methods can be named."""
    faults, client = sandbox
    faults.set(Fault(kind="error", method="PUT|POST", skip=1, times=1))
    answers = [(await client.request(method, "/a")).status_code for method in ("GET", "PUT", "GET", "POST", "PUT")]
    assert answers == [200, 200, 200, 503, 200]


async def test_a_fault_befalls_what_it_names(sandbox):
    """Only calls of the named method and path fail, and only as often as said."""
    faults, client = sandbox
    faults.set(Fault(kind="error", method="POST", path=r"/invoices/\d+", times=2))
    calls = [("GET", "/invoices/1"), ("POST", "/invoices/x"), *[("POST", "/v1/invoices/7")] * 3]
    answers = [(await client.request(method, path)).status_code for method, path in calls]
    assert answers == [200, 200, 503, 503, 200]


async def test_faults_are_switched_and_calls_are_counted_over_http(sandbox):
    """Faults are set and cleared, and calls by method and path counted and forgotten, by the control addresses."""
    _, client = sandbox
    assert (await client.put("/__sandbox__/faults", json=[{"kind": "error", "status": 500}])).status_code == 204
    assert (await client.get("/a")).status_code == 500
    assert (await client.delete("/__sandbox__/faults")).status_code == 204
    assert (await client.get("/a")).status_code == 200
    assert (await client.get("/__sandbox__/calls")).json() == {"GET /a": 2}
    assert (await client.delete("/__sandbox__/calls")).status_code == 204
    assert (await client.get("/__sandbox__/calls")).json() == {}


async def test_a_fault_that_is_none_is_refused(sandbox):
    """An unknown kind or setting is told, and the faults stay as they were."""
    _, client = sandbox
    for wrong in ([{"kind": "meteor"}], [{"kind": "error", "chance": 1}], {"kind": "error"}):
        answer = await client.put("/__sandbox__/faults", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["message"]
    assert (await client.get("/__sandbox__/nothing")).status_code == 404
    assert (await client.get("/a")).status_code == 200


async def test_a_port_that_is_taken_is_named(sandbox):
    """Serving on a port that somebody holds is one sentence with the port."""
    _, client = sandbox
    with pytest.raises(StartupError, match=rf"^Port {client.base_url.port} on 127\.0\.0\.1 cannot be used"):
        async with serve(sandbox[0], port=client.base_url.port):
            pass
