"""Each billable item is on one invoice, whoever bills at the same time, on SQLite and on PostgreSQL."""

import asyncio
import datetime as dt

import pytest

from process_apis.invoice_generation.billable import invoice_details
from process_apis.invoice_generation.claims import Claims

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
PROJECT = "PRJ-DEAL-1"


@pytest.fixture
def claim(database, make_contract):
    """Claims items for a process of a project."""
    claims, contract = Claims(database), make_contract("time_and_materials")

    async def claimed(process_id: str, items, project: str = PROJECT):
        def invoice(reference, free):
            return invoice_details(contract, reference, free, dt.date(2026, 3, 1))

        return await claims.claim(process_id, project, items, invoice)

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


async def test_invoices_are_remembered_by_reference_and_process(database, claim, make_item):
    """What was claimed is found again by the invoice's reference and by the run, and nothing else is."""
    made, claims = await claim("run", [make_item(1)]), Claims(database)
    assert await claims.invoice(made.reference) == made
    assert await claims.of_process("run") == made
    assert await claims.invoice(f"{PROJECT}-009") is None
    assert await claims.of_process("other") is None
