"""The idempotency policy, on SQLite and on PostgreSQL."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import msgspec
import pytest
from sqlalchemy import func, select, text, update

from policies.base import GatewayResponse
from policies.idempotency import Idempotency
from tollway.contracts.published import Contract
from tollway.idempotency.claims import Claim
from tollway.idempotency.key import fingerprint, identify, parameter
from tollway.idempotency.store import KeyStore
from tollway.problems import (
    Conflict,
    Invalid,
    KeyInUse,
    KeyReused,
    Malformed,
    NotFound,
    QuotaExceeded,
    Unavailable,
    UnknownOutcome,
)
from tollway.storage.tables import idempotency_keys

JSON = {"content-type": "application/json"}
either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


class Service:
    """Answers what it is told to, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer = GatewayResponse(201, [(b"location", b"/orders/v1/orders/1")], b'{"id":"1"}')
        self.wrong: list[BaseException] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, request) -> GatewayResponse:
        self.asked += 1
        await self.gate.wait()
        if self.wrong:
            raise self.wrong.pop(0)
        return msgspec.structs.replace(self.answer, headers=list(self.answer.headers))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def given(resources, database):
    """What the policy is given: a database."""
    return msgspec.structs.replace(
        resources, gateway=msgspec.structs.replace(resources.gateway, database=database, kept={})
    )


@pytest.fixture
def send(given, service, make_request, caller):
    """Sends requests through the policy."""
    handlers = {}

    async def sent(key='"k-1"', *, body=b"{}", client="shop", **changes) -> GatewayResponse:
        policy = Idempotency(**changes)
        handler = handlers.setdefault(policy, policy.wrap(service, given))
        headers = JSON | ({} if key is None else {"idempotency-key": key})
        request = make_request(
            "POST", "/orders/v1/orders", headers=headers, chunks=(body,), caller=caller(client=client)
        )
        return await handler(request)

    return sent


async def age(database, seconds: float) -> None:
    """Let the keys grow older."""
    columns = idempotency_keys.c
    changes = {"held_until": columns.held_until - seconds, "expires_at": columns.expires_at - seconds}
    async with database.transaction() as connection:
        await connection.execute(update(idempotency_keys).values(changes))


async def send_until_settled(send) -> GatewayResponse:
    """A request that was cancelled does not wait until its key is settled: its repetition may have to."""
    while True:
        try:
            return await send()
        except KeyInUse:
            await asyncio.sleep(0.01)


@either
async def test_a_repetition_gets_the_first_answer(send, service) -> None:
    """The same key and request again is answered alike, by a header told apart, and the service is asked once."""
    first, again = await send(), await send()
    assert service.asked == 1
    assert (again.status, again.body) == (first.status, first.body) == (201, b'{"id":"1"}')
    assert (b"location", b"/orders/v1/orders/1") in again.headers
    assert (b"idempotent-replayed", b"true") in again.headers
    assert b"idempotent-replayed" not in dict(first.headers)


async def test_the_answer_says_how_long_it_is_kept(send) -> None:
    """First answer and replay name the same moment, the configured time from now."""
    first, again = await send(keep_for=600), await send(keep_for=600)
    expires = dict(first.headers)[b"idempotency-key-expires"]
    assert dict(again.headers)[b"idempotency-key-expires"] == expires
    assert 590 < parsedate_to_datetime(expires.decode()).timestamp() - time.time() <= 601


@either
async def test_an_expired_key_is_new(send, service, database) -> None:
    """After the time it was kept for, a key carries its request out anew, even another request."""
    await send()
    await age(database, 86_401)
    await send(body=b'{"other":1}')
    assert service.asked == 2


@either
async def test_another_request_is_refused(send, service) -> None:
    """A key that stood for another body is refused with 422, and nothing is sent on."""
    await send(body=b'{"a":1}')
    with pytest.raises(KeyReused) as caught:
        await send(body=b'{"a":2}')
    assert caught.value.status == 422
    assert service.asked == 1


@either
async def test_a_repetition_while_it_is_under_way_is_refused(send, service) -> None:
    """Of many at once one is carried out; the others get 409 with Retry-After, another request 422."""
    service.gate.clear()
    racing = [asyncio.create_task(send()) for _ in range(20)]
    done, under_way = await asyncio.wait(racing, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
    while len(done) < 19:
        done, under_way = await asyncio.wait(racing, timeout=0.05)
    with pytest.raises(KeyReused):
        await send(body=b"[]")
    service.gate.set()
    assert (await under_way.pop()).status == 201
    for task in done:
        error = task.exception()
        assert isinstance(error, KeyInUse)
        assert (error.status, error.retry_after) == (409, 1.0)
    assert service.asked == 1


async def test_callers_do_not_share_keys(send, service) -> None:
    """The same key of two clients is two keys."""
    await send(client="a")
    await send(client="b", body=b"[]")
    assert service.asked == 2


async def test_issuers_do_not_share_keys(send, service, given, make_request, caller) -> None:
    """Two issuers may each have a client of the same name: their keys are apart too."""
    handler = Idempotency().wrap(service, given)
    for issuer in ("https://a.example.com", "https://b.example.com"):
        who = msgspec.structs.replace(caller(), issuer=issuer)
        await handler(make_request("POST", "/orders/v1/orders", headers={"idempotency-key": "k"}, caller=who))
    assert service.asked == 2


async def test_without_a_key_every_request_is_carried_out(send, service) -> None:
    """Where the contract does not ask for the key a request may come without, and is not kept."""
    assert [(await send(None)).status for _ in range(2)] == [201, 201]
    assert service.asked == 2


async def test_safe_requests_pass(given, service, make_request) -> None:
    """A key on a GET means nothing."""
    handler = Idempotency().wrap(service, given)
    for _ in range(2):
        await handler(make_request(headers={"idempotency-key": "k"}))
    assert service.asked == 2


async def test_a_contract_may_ask_for_the_key(given, service, make_request, caller) -> None:
    """Where the contract says that the header is required, a request without it is refused with 400."""
    document = msgspec.json.decode(msgspec.json.encode(given.contract.document))
    document["paths"]["/orders/v1/orders"]["post"]["parameters"] = [parameter(required=True)]
    handler = Idempotency().wrap(service, msgspec.structs.replace(given, contract=Contract(document, "orders.v1.yaml")))
    request = make_request("POST", "/orders/v1/orders", caller=caller())
    with pytest.raises(Malformed, match="Idempotency-Key"):
        await handler(request)
    assert service.asked == 0


@pytest.mark.parametrize("key", ["", '""', '"open', "a b", "a, b", '"a", "b"', '"ü"', '"a\\n"', "x" * 256, '"a";p=1'])
async def test_a_malformed_key_is_refused(send, service, key) -> None:
    """What is neither a string in quotes nor a token, or too long, is refused with 400."""
    with pytest.raises(Malformed):
        await send(key)
    assert service.asked == 0


async def test_a_bare_key_is_the_quoted_one(send, service) -> None:
    """A client that forgets the quotes means the same key."""
    await send('"8e03978e-40d5-43e8-bc93-6894a57f9324"')
    await send("8e03978e-40d5-43e8-bc93-6894a57f9324")
    assert service.asked == 1


@pytest.mark.parametrize("status", [200, 204, 303, 400, 404, 409, 422])
async def test_final_answers_are_replayed(send, service, status) -> None:
    """What a service has decided stands, done or refused."""
    service.answer = GatewayResponse(status, [], b"x")
    assert [(await send()).status for _ in range(2)] == [status, status]
    assert service.asked == 1


@pytest.mark.parametrize("status", [408, 425, 429, 503])
async def test_what_did_not_happen_frees_the_key(send, service, status) -> None:
    """After an answer that says that nothing happened the key takes any request."""
    usual, service.answer = service.answer, GatewayResponse(status, [], b"x")
    first = await send()
    assert b"idempotency-key-expires" not in dict(first.headers)
    service.answer = usual
    assert (await send(body=b"[]")).status == 201
    assert service.asked == 2


@pytest.mark.parametrize("error", [Unavailable("away"), QuotaExceeded("full"), Invalid("no"), NotFound("none")])
async def test_what_the_gateway_refuses_frees_the_key(send, service, error) -> None:
    """A refusal by a policy behind this one happens before anything is sent on."""
    service.wrong = [error]
    with pytest.raises(type(error)):
        await send()
    assert (await send(body=b"[]")).status == 201


@either
@pytest.mark.parametrize("wrong", [UnknownOutcome("?"), RuntimeError("bug"), asyncio.CancelledError()])
async def test_an_unknown_outcome_is_completed_by_a_repetition(send, service, wrong) -> None:
    """When it may have happened, the same request may complete it under its key, and another one may not."""
    service.wrong = [wrong]
    with pytest.raises(type(wrong)):
        await send()
    with pytest.raises(KeyReused):
        await send(body=b"[]")
    assert (await send_until_settled(send)).status == 201
    assert service.asked == 2


async def test_a_failed_answer_is_completed_by_a_repetition(send, service) -> None:
    """An answer of 500 or 502 is not kept, and binds its key to the request."""
    usual, service.answer = service.answer, GatewayResponse(502, [], b"")
    assert (await send()).status == 502
    with pytest.raises(KeyReused):
        await send(body=b"[]")
    service.answer = usual
    assert (await send()).status == 201


@either
async def test_a_gateway_that_is_gone_loses_its_lease(send, service, database) -> None:
    """What nobody renews is free for the same request once the lease is over, and not before."""
    same = fingerprint(
        method="POST",
        operation="createOrder",
        path="/orders/v1/orders",
        query=b"",
        content_type=b"application/json",
        body=b"{}",
    )
    gone = Claim(id=identify("", "shop", "shop", "k-1"), fingerprint=same, lease=15, keep_for=600)
    await KeyStore(database)._claims.submit(gone)  # and nobody is left to renew or settle it
    with pytest.raises(KeyInUse):
        await send()
    await age(database, 16)
    with pytest.raises(KeyReused):
        await send(body=b"[]")
    assert (await send()).status == 201
    assert service.asked == 1


@either
async def test_a_long_request_keeps_its_key(send, service) -> None:
    """The lease of a request that takes longer is renewed until it is answered."""
    service.gate.clear()
    long = asyncio.create_task(send(lease=1))
    await asyncio.sleep(1.6)
    with pytest.raises(KeyInUse):
        await asyncio.wait_for(send(lease=1), 20)
    service.gate.set()
    assert (await long).status == 201
    assert dict((await send(lease=1)).headers)[b"idempotent-replayed"] == b"true"
    assert service.asked == 1


async def test_an_answer_too_large_to_keep_is_not_repeated(send, service) -> None:
    """Of a larger answer is kept that it was given: a repetition is refused rather than carried out."""
    service.answer = GatewayResponse(200, [], b"x" * 101)
    assert (await send(largest=100)).status == 200
    with pytest.raises(Conflict, match="answered 200"):
        await send(largest=100)
    assert service.asked == 1


async def test_headers_of_the_exchange_are_not_kept(send, service) -> None:
    """Cookies and dates of the first exchange do not come with a replay."""
    service.answer = GatewayResponse(
        200, [(b"set-cookie", b"a=b"), (b"date", b"now"), (b"content-type", b"text/plain"), (b"etag", b'"1"')], b"x"
    )
    await send()
    names = {name for name, _ in (await send()).headers}
    assert names == {b"content-type", b"etag", b"idempotency-key-expires", b"idempotent-replayed"}


async def test_any_bytes_come_back(send, service) -> None:
    """An answer that is no text is replayed to the byte."""
    service.answer = GatewayResponse(200, [], bytes(range(256)))
    await send()
    assert (await send()).body == bytes(range(256))


async def test_without_a_database_it_cannot_be_used(resources, following) -> None:
    """A gateway without a database says at its start that answers cannot be kept."""
    with pytest.raises(ValueError, match="database"):
        Idempotency().wrap(following, resources)


async def test_while_the_database_is_away_it_closes_or_opens(send, service, database) -> None:
    """Without its database a closed policy refuses with 503 before anything is sent on; an open one lets through."""
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE idempotency_keys"))
    with pytest.raises(Unavailable):
        await send()
    assert service.asked == 0
    assert (await send(when_away="open")).status == 201


async def test_many_keys_at_once_cost_few_transactions(send, service, database, given) -> None:
    """Concurrent requests share transactions, and each gets its own answer."""
    begun = []
    transaction = database.transaction
    database.transaction = lambda: begun.append(1) or transaction()
    answers = await asyncio.gather(*(send(f'"{number}"') for number in range(100)))
    assert [answer.status for answer in answers] == [201] * 100
    assert len(begun) <= 12
    async with transaction() as connection:
        assert (await connection.execute(select(func.count()).select_from(idempotency_keys))).scalar_one() == 100
