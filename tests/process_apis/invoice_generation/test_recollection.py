"""After a restore, invoices of which the records are lost are recognised, and their work is not billed again."""

import datetime as dt
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from process_apis.invoice_generation.billable import invoice_details
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.recollection import Recollection
from process_apis.invoice_generation.steps import InvoicingSteps
from tollway import context
from tollway.backup import restores
from tollway.backup.restores import Restores
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.statement import BillingRun
from tollway.canonical.work import ProjectWork
from tollway.problems import Conflict

NUMBER = "PRJ-DEAL-1"
TODAY = dt.date(2026, 3, 1)


class Firm:
    """A project with its work at the PSA and its invoices at the ERP."""

    def __init__(self, contract, database) -> None:
        self.contract = contract
        self.items = []
        self.invoices = []
        self.claims = Claims(database)
        self.restores = Restores(database)
        self.recollection = Recollection(self, self, self, self.claims, self.restores)
        self.steps = InvoicingSteps(self, self, self, None, None, self.claims, self.recollection)

    async def engagement(self, _number):
        return SimpleNamespace(contract=self.contract)

    async def project_work(self, number):
        return ProjectWork(project_number=number, closed=False, items=self.items)

    async def project_invoices(self, _entity, _number):
        return self.invoices

    async def find_invoice(self, _entity, reference):
        return next((one for one in self.invoices if one.reference == reference), None)

    async def claim(self, process_id: str = "invoice-generation:run-1"):
        """The invoice that a billing run claims work for."""
        token = context.enter(replace(context.new_context(), process_id=process_id))
        try:
            return await self.steps.claim_work(BillingRun(project_number=NUMBER, through=TODAY, trigger="t"))
        finally:
            context.leave(token)

    async def known(self) -> dict[str, list[str]]:
        """The items of each invoice that the records know."""
        return {one.reference: [line.source_id for line in one.lines] for one in await self.claims.of_project(NUMBER)}


@pytest.fixture
async def firm(database, make_contract):
    """A project whose records were restored from a backup of yesterday."""
    async with database.transaction() as connection:
        await restores.record(connection, "restore-1", dt.datetime.now(dt.UTC) - dt.timedelta(days=1), "0:")
    return Firm(make_contract("time_and_materials", deal_id="DEAL-1"), database)


@pytest.fixture
def lost(make_invoice):
    """Makes invoices that the ERP has and the records do not know."""

    def make(number: int, net: str, status: InvoiceStatus = InvoiceStatus.OPEN):
        made = make_invoice(number, net, status)
        return replace(made, reference=f"{NUMBER}-{number:03d}", number="" if status == "draft" else f"INV{number}")

    return make


async def test_an_invoice_that_its_work_names_is_taken_back(firm, lost, make_item):
    """The next billing run records it, bills what is left, and goes on behind its reference."""
    firm.items = [make_item(1, invoice_number="INV1"), make_item(2)]
    firm.invoices = [lost(1, "1600.00")]
    details = await firm.claim()
    assert (details.reference, [line.source_id for line in details.lines]) == (f"{NUMBER}-002", ["ITEM-2"])
    assert await firm.known() == {f"{NUMBER}-001": ["ITEM-1"], f"{NUMBER}-002": ["ITEM-2"]}


async def test_an_unfinished_invoice_is_gone_on_with(firm, lost, make_item):
    """A draft that comes to all that is not billed is the run's own: nothing else is claimed for it."""
    firm.items = [make_item(1), make_item(2, "400.00")]
    firm.invoices = [lost(1, "2000.00", InvoiceStatus.DRAFT)]
    details = await firm.claim()
    assert (details.reference, len(details.lines)) == (f"{NUMBER}-001", 2)
    assert await firm.claim() == details
    assert await firm.claim("another run") is None


async def test_an_invoice_that_was_marked_in_part_is_gone_on_with(firm, lost, make_item):
    """Stopped while it marked the work, the run ends what it began."""
    firm.items = [make_item(1, invoice_number="INV1"), make_item(2)]
    firm.invoices = [lost(1, "3200.00")]
    details = await firm.claim()
    assert [line.source_id for line in details.lines] == ["ITEM-1", "ITEM-2"]


async def test_what_cannot_be_told_is_left_to_people(firm, lost, make_item):
    """When some of the work is on a lost invoice and some is not, nothing is billed until somebody says which."""
    firm.items = [make_item(1), make_item(2)]
    firm.invoices = [lost(1, "1600.00", InvoiceStatus.DRAFT)]
    with pytest.raises(Conflict, match=f"{NUMBER}-001"):
        await firm.claim()
    assert await firm.known() == {}
    firm.items[0] = replace(firm.items[0], invoice_number="INV1")
    firm.invoices = [replace(firm.invoices[0], number="INV1")]
    assert (await firm.claim()).reference == f"{NUMBER}-002"


async def test_the_reference_of_a_cancelled_invoice_is_not_given_again(firm, lost, make_item):
    """It bills nothing, and the next invoice is another."""
    firm.items = [make_item(1)]
    firm.invoices = [lost(1, "1600.00", InvoiceStatus.CANCELLED)]
    assert (await firm.claim()).reference == f"{NUMBER}-002"


async def test_work_that_was_billed_elsewhere_is_not_billed_by_an_older_claim(firm, lost, make_item, make_contract):
    """A run that the backup has as parked was given up since, and its work billed by another."""
    firm.items = [make_item(1)]
    details = invoice_details(firm.contract, f"{NUMBER}-001", firm.items, TODAY)
    await firm.claims.take_back("parked", details)
    await firm.recollection.check(details)
    firm.items = [make_item(1, invoice_number="INV2")]
    firm.invoices = [lost(2, "1600.00")]
    with pytest.raises(Conflict, match="002"):
        await firm.recollection.check(details)
    assert f"{NUMBER}-002" not in await firm.known()


async def test_work_that_is_marked_by_nobodys_invoice_is_not_billed(firm, make_item):
    """What the PSA says to be on another invoice is not put on this one."""
    details = invoice_details(firm.contract, f"{NUMBER}-001", [make_item(1)], TODAY)
    firm.items = [make_item(1, invoice_number="INV9")]
    with pytest.raises(Conflict, match="INV9"):
        await firm.recollection.check(details)


async def test_reconciliation_takes_back_what_is_certain(firm, lost, make_item):
    """What its work names is recorded; the rest is left as it is, without an error."""
    firm.items = [make_item(1, invoice_number="INV1"), make_item(2)]
    firm.invoices = [lost(1, "1600.00"), lost(2, "1.00", InvoiceStatus.DRAFT)]
    await firm.recollection.of_project(NUMBER)
    await firm.recollection.of_project(NUMBER)
    assert await firm.known() == {f"{NUMBER}-001": ["ITEM-1"]}


async def test_nothing_is_recollected_where_nothing_was_restored(firm, lost, make_item):
    """An invoice under a reference of ours that nobody made here stays what it is: a matter for people."""
    await firm.restores.caught_up("run-1")
    firm.items = [make_item(1, invoice_number="INV1")]
    firm.invoices = [lost(1, "1600.00")]
    assert await firm.recollection.lost(firm.contract) == []
