"""What the platforms hold in the end, asked of the platforms alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

import msgspec
from people import Firm
from world import World

from system_apis.erp.netsuite.client import NetSuiteClient
from system_apis.erp.netsuite.rows import Row
from system_apis.erp.netsuite.settings import netsuite_settings


class Count(msgspec.Struct):
    """How the deals ended."""

    incomplete: set[str] = set()
    """Opportunities that lack a customer, a project or an invoice."""
    doubled: list[str] = []
    """What is there more than once."""
    wrong: list[str] = []
    """Amounts that are not those that were agreed."""


class _Value(Row, frozen=True, kw_only=True):
    value: str


class _Line(Row, frozen=True, kw_only=True):
    project: str
    source: str
    amount: Decimal


class _Project(msgspec.Struct):
    pse__Opportunity__c: str


_CUSTOMERS = (
    "SELECT custentity_tollway_account_id AS value FROM customer WHERE custentity_tollway_account_id IS NOT NULL"
)
_NAMES = "SELECT companyname AS value FROM customer"
_PROJECTS = (
    "SELECT custentity_tollway_project_number AS value FROM job WHERE custentity_tollway_project_number IS NOT NULL"
)
_LINES = (
    "SELECT t.custbody_tollway_project AS project, l.custcol_tollway_source_id AS source, -l.foreignamount AS amount "
    "FROM transactionline l JOIN transaction t ON t.id = l.transaction "
    "WHERE t.type = 'CustInvc' AND l.custcol_tollway_source_id IS NOT NULL ORDER BY l.uniquekey"
)


class Platforms:
    """Asks NetSuite and the Salesforce org."""

    def __init__(self, world: World, firm: Firm) -> None:
        self._firm = firm
        self._erp = NetSuiteClient("netsuite", netsuite_settings("netsuite", world.settings.connections["netsuite"]))

    async def close(self) -> None:
        """Close every connection."""
        await self._erp.close()

    async def count(self) -> Count:
        """Compare what there is with what was sold."""
        deals, found = self._firm.deals, Count()
        customers = Counter(await self._column(_NAMES))
        jobs = Counter(await self._column(_PROJECTS))
        query = "SELECT pse__Opportunity__c FROM pse__Proj__c WHERE pse__Opportunity__c != null"
        projects = Counter(
            [row.pse__Opportunity__c async for row in self._firm.org.query(query, _Project, "pse__Proj__c")]
        )
        lines = await self._erp.query(_LINES, _Line, "the invoices")
        invoiced: defaultdict[str, list[_Line]] = defaultdict(list)
        for line in lines:
            invoiced[line.project].append(line)
        for opportunity, sold in deals.items():
            number = f"PRJ-{opportunity}"
            held = [customers[sold.deal.account], jobs[number], projects[opportunity]]
            amounts = sorted(line.amount for line in invoiced[number])
            if 0 in held or not sold.asked or len(amounts) < len(sold.wanted):
                found.incomplete.add(opportunity)
            elif amounts != sorted(sold.wanted.values()):
                found.wrong.append(f"{number}: {amounts} instead of {sorted(sold.wanted.values())}")
        found.doubled += _twice("customer", await self._column(_CUSTOMERS))
        found.doubled += _twice("customer", customers.elements())
        found.doubled += _twice("ERP project", jobs.elements()) + _twice("PSA project", projects.elements())
        found.doubled += _twice("invoiced item", (line.source for line in lines))
        return found

    async def _column(self, suiteql: str) -> list[str]:
        return [row.value for row in await self._erp.query(suiteql, _Value, "the books")]


def _twice(what: str, identities: Iterable[str]) -> list[str]:
    return [f"{what} {identity}" for identity, times in Counter(identities).items() if times > 1]
