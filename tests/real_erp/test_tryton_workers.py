"""Two workers at once on the real Tryton, which knows nothing of unique keys, and sessions that end before a write."""

import asyncio
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import pytest

from system_apis.erp.tryton.operations import TrytonErp, build_tryton
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import Invoice
from tollway.effects import Effects
from tollway.ports.connection import Shared
from tollway.problems import Throttled
from tollway.storage import open_database


class Made(NamedTuple):
    """A write, and how what it makes is found and counted."""

    operation: str
    arguments: tuple[Any, ...]
    find: str
    by: tuple[str, ...]
    """What the operation `find` finds it by."""
    model: str
    domain: list[Any]
    count: int = 1


@pytest.fixture
async def workers(tmp_path, storage_url, database, tables):
    """What each of two workers has: its effects over the database that they share, and a connection of its own."""
    other = await open_database(tmp_path, storage_url)
    connections = [build_tryton("tryton", tables, Shared()) for _ in range(2)]
    yield [(Effects(one, [0.2, 1.0]), erp) for one, erp in zip((database, other), connections, strict=True)]
    for erp in connections:
        await erp.close()
    await other.close()


@pytest.fixture
async def kept(client, make) -> tuple[str, CustomerDetails]:
    """A customer that finance keeps, by its id, and the account that it is."""
    details = make.customer()
    return str((await client.call("model.party.party.create", [{"name": details.name}]))[0]), details


@pytest.fixture
async def draft(erp, make, project) -> Invoice:
    """An invoice that is not posted yet."""
    return await erp.create_invoice(make.invoice(project))


@pytest.fixture
def writes(make, customer, project, kept, draft) -> list[Made]:
    """Every write, with what it stands on."""
    entity, number = project.legal_entity, project.number
    account, other, plan = make.customer(), make.project(customer), make.plan(project, "100.00", "200.00")
    invoice = make.invoice(project, reference=f"{number}-002")
    by_account, by_reference = (entity, account.account_id), (entity, draft.reference)
    linked = [("party", "=", int(kept[0])), ("code", "like", f"%{kept[1].account_id}")]
    parties, works, bills = "party.party", "project.work", "account.invoice"
    tasks, titled = [("comment", "like", f"%{number}-BP-%")], [("comment", "like", f"%{other.number}%")]
    referring, booked = [("reference", "=", invoice.reference)], [("origin", "=", f"{bills},{draft.id}")]
    credited = [("lines.origin.invoice.id", "=", int(draft.id), f"{bills}.line")]
    by_kept = (entity, kept[1].account_id)
    return [
        Made("create_customer", (account,), "find_customer", by_account, parties, [("code", "=", by_account[1])]),
        Made("link_customer", kept, "find_customer", by_kept, "party.identifier", linked),
        Made("create_project", (other,), "find_project", (entity, other.number), works, titled),
        Made("set_billing_plan", (plan,), "find_billing_plan", (entity, number), works, tasks, count=2),
        Made("create_invoice", (invoice,), "find_invoice", (entity, invoice.reference), bills, referring),
        Made("post_invoice", by_reference, "find_invoice", by_reference, "account.move", booked),
        Made("credit_invoice", (*by_reference, "Wrong."), "find_credit_note", by_reference, bills, credited),
    ]


@pytest.mark.parametrize("storage_url", ["postgresql"], indirect=True)
async def test_two_workers_on_one_effect_make_one(writes: list[Made], workers, client) -> None:
    """Of two workers that want the same at once one sends it, both are given its answer, and it is there once."""
    sent = []

    async def work(effects: Effects, erp: TrytonErp, made: Made) -> Any:
        async def send() -> Any:
            sent.append(made.operation)
            return await getattr(erp, made.operation)(*made.arguments)

        while True:
            with suppress(Throttled):  # the other one takes longer than a lease, and this one comes back
                identity = f"{made.operation}:{made.by}"
                return await effects.apply(identity, made.by, send, lambda: getattr(erp, made.find)(*made.by), Any)

    company = await client.company("US")
    for made in writes:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(*worker, made)) for worker in workers]
        first, second = (msgspec.to_builtins(task.result()) for task in tasks)
        assert first["id"] == second["id"] if "id" in first else first == second
        counted = await client.call(f"model.{made.model}.search_count", made.domain, company=company)
        assert (made.operation, counted) == (made.operation, made.count)
    assert sent == [made.operation for made in writes]


async def test_a_session_that_ends_right_before_a_write_is_renewed_once(erp, make, client, monkeypatch) -> None:
    """The write that meets with an ended session is made once, after one login."""
    erp_client, asked = erp._account.client, []
    send = erp_client._send

    async def ending(method: str, params: list[Any], authorization: str, path: str = "") -> Any:
        if method == "model.party.party.create" and method not in asked:
            await send("common.db.logout", [], authorization)
            asked.clear()
        asked.append(method)
        return await send(method, params, authorization, path)

    monkeypatch.setattr(erp_client, "_send", ending)
    wanted = make.customer()
    created = await erp.create_customer(wanted)
    assert created.account_id == wanted.account_id
    create, login = "model.party.party.create", "common.db.login"
    assert [method for method in asked if method in (create, login)] == [create, login, create]
    assert await client.call("model.party.party.search_count", [("code", "=", wanted.account_id)]) == 1
