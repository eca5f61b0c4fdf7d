"""The audit policy, on SQLite and on PostgreSQL."""

import asyncio
import datetime as dt
import hashlib

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from policies.audit import Audit
from policies.base import GatewayResponse
from policies.idempotency import Idempotency
from tollway.problems import Forbidden, Invalid, Unavailable, UnknownOutcome
from tollway.storage.tables import audit

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
SECRET = "s3cret"


@pytest.fixture
def given(resources, database, clock):
    """What the policy is given: a database, and a clock that stands."""
    gateway = msgspec.structs.replace(resources.gateway, database=database, kept={}, clock=clock)
    return msgspec.structs.replace(resources, gateway=gateway)


@pytest.fixture
def post(make_request, caller):
    """Makes unsafe requests."""

    def make(target="/orders/v1/orders?token=s3cret", **headers):
        who = msgspec.structs.replace(caller(), subject="ann", issuer="https://login.example.com", token_id="jti-1")
        secret = {"authorization": f"Bearer {SECRET}", **headers}
        return make_request("POST", target, headers=secret, chunks=(b'{"pin":"s3cret"}',), caller=who)

    return make


async def records(database) -> list[dict]:
    async with database.transaction() as connection:
        return [dict(row) for row in (await connection.execute(select(audit).order_by(audit.c.id))).mappings()]


@either
async def test_an_unsafe_call_is_written_down(given, database, post, clock) -> None:
    """Who, when, what and what came of it is there before the caller is answered; no secret and no body is."""

    async def read(request) -> GatewayResponse:
        await request.body()
        return GatewayResponse(201, [], b"made")

    request = post(**{"idempotency-key": '"k-1"'})
    await Audit().wrap(read, given)(request)
    (record,) = await records(database)
    arrived = record.pop("at")
    assert len(record.pop("hash")) == 64
    assert abs((arrived - dt.datetime.fromtimestamp(clock.now, dt.UTC)).total_seconds()) < 5
    assert 0 <= record.pop("duration_ms") < 5000
    assert record == {
        "id": 1, "kind": "call", "about": "", "said": "",
        "product": "orders", "operation": "createOrder", "client": "shop", "subject": "ann",
        "issuer": "https://login.example.com", "token_id": "jti-1", "address": "192.0.2.1", "method": "POST",
        "path": "/orders/v1/orders", "status": 201, "outcome": "done",
        "correlation_id": request.context.correlation_id, "idempotency_key": '"k-1"',
        "body_sha256": hashlib.sha256(b'{"pin":"s3cret"}').hexdigest(),
    }  # fmt: skip
    assert SECRET not in str(record)


@pytest.mark.parametrize(
    ("problem", "status", "outcome"),
    [
        (Forbidden("no"), 403, "refused"),
        (Invalid("no"), 422, "refused"),
        (Unavailable("away"), 503, "unavailable"),
        (UnknownOutcome("?"), 504, "unknown"),
        (RuntimeError("bug"), 500, "unknown"),
    ],
)
async def test_a_refusal_is_written_down(given, database, post, problem, status, outcome) -> None:
    """A call that ends with a problem is there too, with what is known of it; a body that nobody read has no digest."""

    async def refuse(_) -> GatewayResponse:
        raise problem

    with pytest.raises(type(problem)):
        await Audit().wrap(refuse, given)(post())
    (record,) = await records(database)
    assert (record["status"], record["outcome"], record["body_sha256"]) == (status, outcome, "")


@pytest.mark.parametrize(("status", "outcome"), [(204, "done"), (302, "done"), (404, "refused"), (500, "unknown")])
async def test_a_services_answer_tells_the_outcome(given, database, post, status, outcome) -> None:
    """What a service answers is told apart into done, refused and unknown."""

    async def answer(_) -> GatewayResponse:
        return GatewayResponse(status, [], b"")

    await Audit().wrap(answer, given)(post())
    (record,) = await records(database)
    assert (record["status"], record["outcome"]) == (status, outcome)


async def test_a_replay_is_told_from_the_deed(given, database, post, following) -> None:
    """With idempotency behind it, the audit shows what was done once and what was only answered again."""
    handler = Audit().wrap(Idempotency().wrap(following, given), given)
    for _ in range(2):
        await handler(post(**{"idempotency-key": "k"}))
    assert [record["outcome"] for record in await records(database)] == ["done", "replayed"]


async def test_reading_is_not_audited(given, database, make_request, following) -> None:
    """Safe requests pass and leave nothing."""
    await Audit().wrap(following, given)(make_request())
    assert await records(database) == []


async def test_who_gives_up_is_written_down(given, database, post, following) -> None:
    """A call that is cancelled while it is under way may have happened, and is recorded so."""
    begun = asyncio.Event()

    async def hang(_) -> GatewayResponse:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError

    call = asyncio.create_task(Audit().wrap(hang, given)(post()))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await Audit().wrap(following, given)(post())  # whose record is written after the other one
    assert [record["outcome"] for record in await records(database)] == ["unknown", "done"]


async def test_an_address_outside_the_contract_is_written_down(given, database, post, following) -> None:
    """A call to nothing has no operation, but is there."""
    await Audit().wrap(following, given)(post("/orders/v1/nothing"))
    (record,) = await records(database)
    assert (record["operation"], record["path"]) == ("", "/orders/v1/nothing")


@either
@pytest.mark.parametrize("change", ["UPDATE audit SET subject = 'eve'", "DELETE FROM audit"])
async def test_nobody_changes_the_audit(given, database, post, following, change) -> None:
    """The database itself refuses to change or to delete a record."""
    await Audit().wrap(following, given)(post())
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as connection:
            await connection.execute(text(change))
    assert len(await records(database)) == 1


@either
async def test_concurrent_calls_are_all_there(given, database, post, following) -> None:
    """However many calls share a transaction, each has its record, in rising numbers."""
    handler = Audit().wrap(following, given)
    await asyncio.gather(*(handler(post(f"/orders/v1/orders/{number}")) for number in range(300)))
    kept = await records(database)
    assert sorted(record["path"] for record in kept) == sorted(f"/orders/v1/orders/{number}" for number in range(300))
    assert [record["id"] for record in kept] == list(range(1, 301))


@either
async def test_a_record_that_cannot_be_kept_spoils_no_other(given, database, post, following, storage_url) -> None:
    """A status that PostgreSQL cannot hold fails its own call; those of the same transaction are kept."""

    async def answer_oddly(_) -> GatewayResponse:
        return GatewayResponse(2**40, [], b"")

    handler, odd = Audit().wrap(following, given), Audit().wrap(answer_oddly, given)
    results = await asyncio.gather(odd(post()), *(handler(post()) for _ in range(3)), return_exceptions=True)
    on_postgresql = bool(storage_url)
    assert isinstance(results[0], Unavailable | UnknownOutcome) == on_postgresql
    assert [result.status for result in results[1:]] == [200] * 3
    assert len(await records(database)) == (3 if on_postgresql else 4)


async def test_a_closed_audit_fails_closed(given, database, post) -> None:
    """When the record cannot be written a deed is answered as unknown; then nothing is sent on until the database is
    back."""
    asked = []

    async def answer(request) -> GatewayResponse:
        asked.append(request)
        return GatewayResponse(201, [], b"")

    handler = Audit().wrap(answer, given)
    await _rename(database, "audit", "elsewhere")
    with pytest.raises(UnknownOutcome):
        await handler(post())
    with pytest.raises(Unavailable) as caught:
        await handler(post())
    assert (len(asked), caught.value.retry_after) == (1, 1.0)
    await _rename(database, "elsewhere", "audit")
    await asyncio.sleep(1.1)
    assert (await handler(post())).status == 201
    assert len(await records(database)) == 1


async def test_a_refusal_that_cannot_be_recorded_says_that_nothing_happened(given, database, post) -> None:
    """A call that was refused and cannot be audited is answered 503: it may be repeated."""

    async def refuse(_) -> GatewayResponse:
        raise Invalid("no")

    await _rename(database, "audit", "elsewhere")
    with pytest.raises(Unavailable, match="changed nothing"):
        await Audit().wrap(refuse, given)(post())


async def test_an_open_audit_lets_through(given, database, post, following) -> None:
    """A product that is to go on without its audit does."""
    await _rename(database, "audit", "elsewhere")
    handler = Audit(when_away="open").wrap(following, given)
    assert [(await handler(post())).status for _ in range(2)] == [200, 200]


async def test_without_a_database_it_cannot_be_used(resources, following) -> None:
    """A gateway without a database says at its start that the audit cannot be kept."""
    with pytest.raises(ValueError, match="database"):
        Audit().wrap(following, resources)


async def _rename(database, old: str, new: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
