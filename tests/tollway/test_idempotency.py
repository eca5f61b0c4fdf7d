"""Idempotency keys: what they are, when requests are the same, and how the store gives each to one."""

import asyncio
import re

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, update

from tollway.cli import contracts
from tollway.idempotency import sweeper
from tollway.idempotency.claims import Claim, Earlier, Held
from tollway.idempotency.key import PATTERN, fingerprint, identify, parameter, read
from tollway.idempotency.store import KeyStore
from tollway.idempotency.sweeper import sweep, sweeping
from tollway.problems import Malformed
from tollway.storage.tables import idempotency_keys

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]),
        "operation": st.text(max_size=3),
        "path": st.text(max_size=3),
        "query": st.binary(max_size=3),
        "content_type": st.binary(max_size=3),
        "body": st.binary(max_size=3),
    }
)
NAMES = st.tuples(*(st.text(max_size=2),) * 4)


@given(REQUESTS, REQUESTS)
def test_requests_have_the_same_fingerprint_exactly_when_they_are_the_same(one, other):
    """No two different requests share a fingerprint, whatever moves from one part into the next."""
    assert (fingerprint(**one) == fingerprint(**other)) == (one == other)
    assert fingerprint(**one) == fingerprint(**dict(one))


@given(REQUESTS, st.sampled_from(["operation", "path", "query", "content_type", "body"]))
def test_every_part_counts(request_, part):
    """Changing any part of a request changes its fingerprint."""
    changed = request_ | {part: request_[part] + (b"." if isinstance(request_[part], bytes) else ".")}
    assert fingerprint(**changed) != fingerprint(**request_)


@given(NAMES, NAMES)
def test_keys_of_different_callers_are_different(one, other):
    """Issuer, client, subject and key together name a key, and none of them can be written into another."""
    assert (identify(*one) == identify(*other)) == (one == other)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=120))
def test_a_quoted_string_is_read_back(key):
    """Any printable ASCII in quotes, escaped as RFC 9651 says, is the key it was."""
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", key) + '"'
    assert read(quoted.encode()) == key


@given(st.binary(max_size=300))
def test_what_is_read_is_what_the_contract_takes(value):
    """The published schema takes a header exactly when the gateway does."""
    schema = jsonschema_rs.validator_for(parameter(required=False)["schema"])
    try:
        read(value)
        taken = True
    except Malformed:
        taken = False
    assert schema.is_valid(value.decode("latin-1")) == taken


@given(st.from_regex(PATTERN, fullmatch=True).filter(lambda text: len(text) <= 255))
def test_what_the_contract_takes_is_read(value):
    """Every key of the published pattern is one."""
    assert read(value.encode())


def test_contracts_tell_of_the_header_where_the_gateway_reads_it():
    """Every unsafe operation from outside but a platform's webhook takes the key, moving money asks for it, and no
    inner service is told of it."""
    found = {}
    for file, text in contracts.contracts().items():
        for path, item in msgspec.yaml.decode(text)["paths"].items():
            for method in item.keys() - {"get", "head"}:
                keys = [one for one in item[method].get("parameters", ()) if one["name"] == "Idempotency-Key"]
                found[file, path] = [one["required"] for one in keys]
    takes = {file: path for (file, path), keys in found.items() if keys}
    assert {file.split("/")[1] for file in takes} == {"finance.v2.yaml", "operations.v1.yaml", "events.v1.yaml"}
    assert found["experience/finance.v2.yaml", "/finance/v2/billing-runs"] == [True]
    assert found["experience/operations.v1.yaml", "/operations/v1/cases/{case_id}/retry"] == [False]
    assert found["experience/inbound.v1.yaml", "/inbound/v1/salesforce/opportunity-closed-won"] == []


@either
async def test_gateways_race_for_many_keys(database):
    """Gateways that claim and settle the same keys in opposite orders give each key to one of them."""
    stores = [KeyStore(database) for _ in range(4)]

    async def once(place, number):
        claim = _claim(number)
        result = await stores[place].claim(claim)
        if isinstance(result, Held):
            await stores[place].keep(result, "done")
        return isinstance(result, Held)

    orders = [range(200), range(199, -1, -1)] * 2
    racing = [once(place, number) for place, order in enumerate(orders) for number in order]
    assert sum(await asyncio.wait_for(asyncio.gather(*racing), 30)) == 200
    again = await stores[1].claim(_claim(7))
    assert isinstance(again, Earlier)
    assert again.answer == "done"


@either
async def test_rows_are_locked_in_one_order(database):
    """Every statement goes through its keys by their ids, so that no two gateways can wait for one another."""
    orders = []

    def note(_, __, ___, parameters, *____):
        orders.append(re.findall(r'"id":"(\d+)"', str(parameters)))

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    store = KeyStore(database)
    held = await asyncio.gather(*(store.claim(_claim(number)) for number in (3, 1, 2)))
    await asyncio.gather(*(store.keep(one, "x") for one in held))
    ordered = [f"{number:064}" for number in (1, 2, 3)]
    assert [order for order in orders if order] == [ordered, ordered]


@either
async def test_who_lost_its_lease_settles_nothing(database):
    """A gateway that comes back after another took its key over cannot change what that one keeps."""
    store = KeyStore(database)
    late = await store.claim(_claim(1))
    await _age(database, 31)
    second = await store.claim(_claim(1))
    assert isinstance(late, Held)
    assert isinstance(second, Held)
    await asyncio.gather(store.keep(second, "second"), store.keep(late, "late"))
    found = await store.claim(_claim(1))
    assert isinstance(found, Earlier)
    assert found.answer == "second"


@either
async def test_expired_keys_are_swept_in_portions(database, monkeypatch):
    """What is over is deleted, so many at a time; what is not, or is held, stays."""
    store = KeyStore(database)
    for number in range(25):
        held = await store.claim(
            Claim(id=f"{number:064}", fingerprint="f", lease=100, keep_for=60 + 60 * (number // 20))
        )
        if number != 3:
            await store.keep(held, "x")
    await _age(database, 61)
    assert [await sweep(database, 10) for _ in range(3)] == [10, 9, 0]
    monkeypatch.setattr(sweeper, "MOST", 2)
    await _age(database, 61)
    work = sweeping(database, pause=30)
    await work.start()
    for _ in range(100):
        if await _count(database):
            await asyncio.sleep(0.05)
    await work.stop()
    assert await _count(database) == 0


def _claim(number):
    return Claim(id=f"{number:064}", fingerprint="f", lease=30, keep_for=600)


async def _age(database, seconds):
    columns = idempotency_keys.c
    changes = {"held_until": columns.held_until - seconds, "expires_at": columns.expires_at - seconds}
    async with database.transaction() as connection:
        await connection.execute(update(idempotency_keys).values(changes))


async def _count(database):
    async with database.transaction() as connection:
        return (await connection.execute(select(func.count()).select_from(idempotency_keys))).scalar_one()
