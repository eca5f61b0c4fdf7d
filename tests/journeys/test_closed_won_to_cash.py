"""The story, on both storages: what the platforms themselves hold when it has been played."""

from decimal import Decimal

import msgspec
import pytest

from tollway.cli.demo.deals import DEALS
from tollway.cli.demo.story import Story

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


class Billed(msgspec.Struct):
    """What of a deal is billed and paid: its first milestone, or its approved hours at its rates."""

    net: str
    total: str
    """With the sandbox's tax: 8.75 % in the US, 20 % in the UK."""
    status: str = "Partly paid"


BILLED = {
    "Fabrikam: ERP blueprint": Billed("24000.00", "26100.00"),
    "Contoso: data platform": Billed("9705.00", "10554.19"),
    "Albion: claims portal": Billed("9999.99", "11999.99"),
    "Thames: managed service": Billed("5250.63", "6300.76"),
    "Adventure Works: quick scan": Billed("12500.00", "13593.75", "Paid"),
    "Litware: rollout": Billed("4200.00", "4567.50"),
}
DEAL_FIELDS = (
    "Tollway_Project_Number__c, Tollway_Project_Status__c, Tollway_Billing_Status__c, Tollway_Last_Invoice__c, "
    "Tollway_Invoiced_Amount__c, Tollway_Paid_Amount__c, Tollway_Unbilled_Amount__c"
)
PROJECT_FIELDS = "Tollway_Invoice_Status__c, Tollway_Invoiced_Amount__c, Tollway_Paid_Amount__c"


@pytest.fixture
async def endings(firm):
    """How every deal of the story ended, by its name."""
    story = Story(firm.running, firm.people, firm.finance, lambda _: None, patience=180)
    played = {ending.deal: ending for ending in await story.play(DEALS)}
    yield played
    await story.close()


async def test_every_deal_ends_once(firm, endings):
    """Each deal is one customer, one project and one paid invoice, to the cent, and every platform says so."""
    assert set(endings) == set(BILLED)
    books = await firm.books()
    assert [books.customers, books.projects, books.invoices, books.paid] == [len(DEALS)] * 4
    assert books.duplicates == 0
    assert await firm.cases() == []
    await _known_customer_is_linked(firm)
    for name, expected in BILLED.items():
        number = endings[name].project
        await _erp_holds(firm, number, expected)
        await _crm_says(firm, name, number, endings[name].invoice, expected)
        await _psa_says(firm, number, expected)


async def _erp_holds(firm, number: str, expected: Billed) -> None:
    ours = f"t.type = 'CustInvc' AND t.custbody_tollway_project = '{number}'"
    totals = await firm.column(f"SELECT t.foreigntotal AS value FROM transaction t WHERE {ours} AND t.status = 'B'")
    lines = await firm.column(
        "SELECT l.foreignamount AS value FROM transactionline l JOIN transaction t ON t.id = l.transaction "
        f"WHERE {ours} AND l.custcol_tollway_source_id IS NOT NULL"
    )
    assert [_cents(value) for value in totals] == [Decimal(expected.total)]
    assert -sum(map(_cents, lines)) == Decimal(expected.net)


async def _crm_says(firm, name: str, number: str, invoice: str, expected: Billed) -> None:
    (row,) = await firm.rows(f"SELECT {DEAL_FIELDS} FROM Opportunity WHERE Name = '{name}'")
    texts = [row[f"Tollway_{field}__c"] for field in ("Project_Number", "Project_Status", "Billing_Status")]
    assert texts == [number, "Active", expected.status]
    assert row["Tollway_Last_Invoice__c"] == invoice
    amounts = [_cents(row[f"Tollway_{field}_Amount__c"]) for field in ("Invoiced", "Paid", "Unbilled")]
    assert amounts == [Decimal(expected.total), Decimal(expected.total), Decimal("0.00")]


async def _psa_says(firm, number: str, expected: Billed) -> None:
    async def written() -> bool | None:
        (row,) = await firm.rows(f"SELECT {PROJECT_FIELDS} FROM pse__Proj__c WHERE Tollway_External_Id__c = '{number}'")
        if row["Tollway_Paid_Amount__c"] is None or _cents(row["Tollway_Paid_Amount__c"]) == 0:
            return None
        assert row["Tollway_Invoice_Status__c"] == expected.status
        amounts = [_cents(row[f"Tollway_{field}_Amount__c"]) for field in ("Invoiced", "Paid")]
        return amounts == [Decimal(expected.total)] * 2

    assert await firm.until(f"{number} to be told of its payment", written)


async def _known_customer_is_linked(firm) -> None:
    """The customer that finance knew under another name is the deal's, and there is no second one."""
    litware = next(deal for deal in DEALS if deal.known_to_finance_as)
    where = f"vatregnumber = '{litware.tax_registration}'"
    assert await firm.column(f"SELECT companyname AS value FROM customer WHERE {where}") == ["LITWARE HOLDINGS"]
    linked = await firm.column(f"SELECT custentity_tollway_account_id AS value FROM customer WHERE {where}")
    accounts = await firm.rows(f"SELECT Id FROM Account WHERE Name = '{litware.account}'")
    assert linked == [account["Id"] for account in accounts]


def _cents(value: object) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))
