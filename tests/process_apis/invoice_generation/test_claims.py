"""Each billable item is on one invoice, whoever bills at the same time, on SQLite and on PostgreSQL."""

import asyncio
import datetime as dt

import pytest

from process_apis.invoice_generation.billable import invoice_details
from process_apis.invoice_generation.claims import Claims
from tollway.problems import NotFound

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
PROJECT = "PRJ-DEAL-1"


@pytest.fixture
def claim(database, make_contract):
    """Claims items for a process of a project."""
    claims, contract = Claims(database), make_contract("time_and_materials")

    async def claimed(process_id: str, items, project: str = PROJECT, **options):
        def invoice(reference, free):
            return invoice_details(contract, reference, free, dt.date(2026, 3, 1))

        return await claims.claim(process_id, project, items, invoice, **options)

    return claimed


def sources(*invoices) -> list[str]:
    return [line.source_id for invoice in invoices for line in invoice.lines]


async def test_racing_runs_claim_each_item_once(claim, make_item):
    """Eight runs over overlapping items at the same time put every item on exactly one invoice."""
    items = [make_item(number) for number in range(16)]
    runs = [claim(f"run-{place}", items[place : place + 9]) for place in range(8)]
    invoices = [invoice for invoice in await asyncio.gather(*runs) if invoice is not None]
    assert sorted(sources(*invoices)) == sorted(item.id for item in items)
    assert sorted(invoice.reference for invoice in invoices) == [
        f"{PROJECT}-{number:03d}" for number in range(1, len(invoices) + 1)
    ]


async def test_one_process_claims_once_however_often_it_asks(claim, make_item):
    """A process that is run again, even twice at once, gets the same invoice, not what was approved since."""
    first = await claim("run", [make_item(1)])
    again = await asyncio.gather(*(claim("run", [make_item(1), make_item(2)]) for _ in range(3)))
    assert again == [first] * 3
    assert sources(await claim("next", [make_item(1), make_item(2)])) == ["ITEM-2"]


async def test_nothing_is_left_for_a_later_run(claim, make_item):
    """A run that finds all items claimed makes no invoice and uses no number."""
    await claim("run", [make_item(1)])
    assert await claim("late", [make_item(1)]) is None
    assert await claim("empty", []) is None
    assert (await claim("next", [make_item(2)])).reference == f"{PROJECT}-002"


async def test_projects_are_numbered_by_themselves(claim, make_item):
    """The first invoice of every project has the number one."""
    first = await claim("run", [make_item(1)])
    other = await claim("other", [make_item(2)], "PRJ-OTHER")
    assert (first.reference, other.reference) == (f"{PROJECT}-001", "PRJ-OTHER-001")


async def test_a_release_lets_another_run_bill_under_a_new_reference(database, claim, make_item):
    """Items that were released are billed by the next run, and the reference that was given up is never used again."""
    released = await claim("run", [make_item(1), make_item(2)])
    kept = await claim("other", [make_item(3)])
    await Claims(database).release(released.reference)
    again = await claim("next", [make_item(1), make_item(2), make_item(3)])
    assert sources(again) == ["ITEM-1", "ITEM-2"]
    assert [invoice.reference for invoice in (released, kept, again)] == [
        f"{PROJECT}-{number:03d}" for number in (1, 2, 3)
    ]
    assert await Claims(database).of_process("run") is None


async def test_a_run_whose_invoice_was_cancelled_bills_nothing_more(database, claim, make_item):
    """Begun again after its work was released, a run claims nothing; the next run's reference follows the last one."""
    claims, released = Claims(database), await claim("run", [make_item(1)])
    for _ in range(2):
        await claims.release(released.reference)
    assert await claim("run", [make_item(1), make_item(2)]) is None
    assert await claims.close("run", PROJECT) is None
    assert (await claim("next", [make_item(1), make_item(2)])).reference == f"{PROJECT}-002"


async def test_what_was_released_waits_for_somebody_to_ask(database, claim, make_item):
    """A run that nobody asked for leaves released items alone, and takes what it finds besides."""
    released = await claim("run", [make_item(1)])
    await Claims(database).release(released.reference)
    assert await claim("polled", [make_item(1)], released=False) is None
    assert sources(await claim("polled later", [make_item(1), make_item(2)], released=False)) == ["ITEM-2"]
    assert sources(await claim("asked", [make_item(1), make_item(2)])) == ["ITEM-1"]
    assert await claim("asked again", [make_item(1)]) is None


async def test_a_closed_run_claims_nothing(database, claim, make_item):
    """A run that was closed first finds nothing to bill; one that claimed first is told of, and keeps its claim."""
    claims = Claims(database)
    assert await claims.close("late", PROJECT) is None
    assert await claim("late", [make_item(1)]) is None
    assert await claims.close("late", PROJECT) is None
    made = await claim("early", [make_item(1)])
    assert await claims.close("early", PROJECT) == made
    assert await claims.of_project(PROJECT) == [made]
    assert await claims.process_of(made.reference) == "early"
    await claims.release(made.reference)
    assert await claims.process_of(made.reference) == ""
    with pytest.raises(NotFound):
        await claims.process_of(f"{PROJECT}-009")


async def test_of_a_claim_and_a_closure_at_once_one_wins(database, claim, make_item):
    """Whichever comes first: either the run has its invoice and whoever closes it is told, or there is none at all."""
    for number in range(5):
        process = f"run-{number}"
        made, told = await asyncio.gather(claim(process, [make_item(number)]), Claims(database).close(process, PROJECT))
        assert made == told


async def test_invoices_are_remembered_by_reference_and_process(database, claim, make_item):
    """What was claimed is found again by the invoice's reference and by the run, and nothing else is."""
    made, claims = await claim("run", [make_item(1)]), Claims(database)
    assert await claims.invoice(made.reference) == made
    assert await claims.of_process("run") == made
    assert await claims.invoice(f"{PROJECT}-009") is None
    assert await claims.of_process("other") is None
