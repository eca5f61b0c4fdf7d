"""Parking a process on a business exception: who owns it, what to do, and when it is closed."""

import datetime as dt
import secrets
from collections.abc import Mapping

import msgspec
from sqlalchemy import Row, select, update

from tollway import context
from tollway.canonical.case import Case, CaseStatus, Category, Finding, OwnerRole
from tollway.problems import Conflict, ProblemError, found
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import cases

OPEN = (CaseStatus.OPEN, CaseStatus.RETRYING)


class Rule(msgspec.Struct, frozen=True):
    """Where cases of a category go."""

    owner: OwnerRole
    hours: int
    """Working time until it is due."""
    remedy: str


SALES, FINANCE = OwnerRole.SALES_OPERATIONS, OwnerRole.FINANCE_OPERATIONS
DELIVERY, INTEGRATION = OwnerRole.DELIVERY, OwnerRole.INTEGRATION
RULES: Mapping[Category, Rule] = {
    Category.INCOMPLETE_DEAL: Rule(SALES, 8, "Complete the deal in the CRM, then retry."),
    Category.CUSTOMER_MASTER_CONFLICT: Rule(
        FINANCE, 8, "Decide which ERP customer the account is, merge or correct the others, then retry."
    ),
    Category.MISSING_TAX_REGISTRATION: Rule(
        SALES, 8, "Enter the customer's tax registration on the account in the CRM, or mark it tax exempt, then retry."
    ),
    Category.UNMAPPED_LEGAL_ENTITY: Rule(
        SALES, 8, "Choose one of the firm's legal entities on the deal in the CRM, then retry."
    ),
    Category.CURRENCY_MISMATCH: Rule(
        SALES, 8, "Choose a currency that the legal entity bills in on the deal in the CRM, then retry."
    ),
    Category.CONTRACT_MISMATCH: Rule(
        SALES, 8, "Make milestones, line items and contract value agree on the deal in the CRM, then retry."
    ),
    Category.MISSING_PRICE: Rule(DELIVERY, 8, "Enter the bill rate or the milestone's amount in the PSA, then retry."),
    Category.CREDIT_HOLD: Rule(FINANCE, 4, "Release the customer's credit hold in the ERP, or cancel."),
    Category.PROJECT_CLOSED: Rule(
        DELIVERY, 8, "Reopen the project in the PSA or reject the time that was approved on it, then retry."
    ),
    Category.ALREADY_BILLED: Rule(
        FINANCE, 8, "Find out which invoice carries the work, correct it in the PSA or the ERP, then retry."
    ),
    Category.PLATFORM_REFUSED: Rule(INTEGRATION, 8, "Correct what the platform refuses, then retry."),
    Category.PLATFORM_AWAY: Rule(INTEGRATION, 4, "Wait until the platform answers again, then retry."),
    Category.UNKNOWN_OUTCOME: Rule(
        INTEGRATION, 2, "Look whether it happened on the platform; a retry reads back before it sends again."
    ),
    Category.UNFORESEEN: Rule(INTEGRATION, 4, "Quote the correlation id to the developers; retry when it is mended."),
}


class Cases:
    """Opens, finds and closes cases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def park(self, process: str, process_id: str, subject: str, error: ProblemError) -> Case:
        """Open a case for a process that came to a halt, or note in its open one that it did again."""
        category = category_of(error)
        rule, now = RULES[category], dt.datetime.now(dt.UTC)
        said = {
            "category": category,
            "owner_role": rule.owner,
            "status": CaseStatus.OPEN,
            "summary": error.detail,
            "remedy": rule.remedy,
            "findings": [msgspec.to_builtins(finding) for finding in findings_of(error)],
            "evidence": {"problem": error.kind, "said": error.detail},
            "correlation_id": context.current().correlation_id,
            "due_at": now + dt.timedelta(hours=rule.hours),
        }
        where = (cases.c.process_id == process_id) & cases.c.status.in_(OPEN)
        async with self._database.transaction() as connection:
            again = said | {"occurrences": cases.c.occurrences + 1}
            changed = await connection.execute(update(cases).where(where).values(again))
            if not changed.rowcount:
                named = {"id": f"CASE-{secrets.token_hex(6)}", "process": process, "process_id": process_id}
                new = named | {"subject": subject, "occurrences": 1, "opened_at": now}
                await connection.execute(insert(connection, cases).values(said | new))
            return _case((await connection.execute(select(cases).where(where))).one())

    async def get(self, case_id: str) -> Case:
        """The case; raises NotFound."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(cases).where(cases.c.id == case_id))).one_or_none()
        return _case(found(row, f"case {case_id}"))

    async def list(self, status: CaseStatus | None = None, subject: str = "", limit: int = 100) -> list[Case]:
        """Cases, the oldest first."""
        query = select(cases).order_by(cases.c.opened_at, cases.c.id).limit(limit)
        if status:
            query = query.where(cases.c.status == status)
        if subject:
            query = query.where(cases.c.subject == subject)
        async with self._database.transaction() as connection:
            return [_case(row) for row in await connection.execute(query)]

    async def open_case(self, process_id: str) -> Case | None:
        """The case that a process waits on, if it does."""
        query = select(cases).where((cases.c.process_id == process_id) & (cases.c.status == CaseStatus.OPEN))
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return _case(row) if row else None

    async def was_parked(self, process_id: str) -> bool:
        """Whether the process ever came to a halt, so that what it once read may have been mended since."""
        query = select(cases.c.id).where(cases.c.process_id == process_id).limit(1)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).first() is not None

    async def retrying(self, case_id: str) -> Case:
        """Mark an open case as being retried; raises Conflict when it is not open."""
        return await self._move(case_id, CaseStatus.RETRYING, "")

    async def reopen(self, case_id: str) -> None:
        """Put a case back on its desk whose retry never began."""
        where = (cases.c.id == case_id) & (cases.c.status == CaseStatus.RETRYING)
        async with self._database.transaction() as connection:
            await connection.execute(update(cases).where(where).values(status=CaseStatus.OPEN))

    async def cancel(self, case_id: str, by: str) -> Case:
        """Close an open case whose process is given up; raises Conflict when it is not open."""
        return await self._move(case_id, CaseStatus.CANCELLED, by)

    async def resolve(self, process_id: str) -> None:
        """Close the open case, if any, of a process that went through."""
        where = (cases.c.process_id == process_id) & cases.c.status.in_(OPEN)
        closed = {"status": CaseStatus.RESOLVED, "closed_at": dt.datetime.now(dt.UTC), "closed_by": "retry"}
        async with self._database.transaction() as connection:
            await connection.execute(update(cases).where(where).values(closed))

    async def _move(self, case_id: str, status: CaseStatus, by: str) -> Case:
        closing = {"closed_at": dt.datetime.now(dt.UTC), "closed_by": by} if by else {}
        where = (cases.c.id == case_id) & (cases.c.status == CaseStatus.OPEN)
        async with self._database.transaction() as connection:
            changed = await connection.execute(update(cases).where(where).values(status=status, **closing))
        case = await self.get(case_id)
        if not changed.rowcount:
            raise Conflict(f"Case {case_id} is {case.status}, not open.")
        return case


def category_of(error: ProblemError) -> Category:
    """The category an error makes a case of."""
    if error.category in set(Category):
        return Category(error.category)
    by_kind = {
        "rejected": Category.PLATFORM_REFUSED,
        "invalid-request": Category.PLATFORM_REFUSED,
        "not-found": Category.PLATFORM_REFUSED,
        "conflict": Category.PLATFORM_REFUSED,
        "unavailable": Category.PLATFORM_AWAY,
        "platform-throttled": Category.PLATFORM_AWAY,
        "unknown-outcome": Category.UNKNOWN_OUTCOME,
    }
    return by_kind.get(error.kind, Category.UNFORESEEN)


def findings_of(error: ProblemError) -> list[Finding]:
    """The single things to mend that an error names."""
    category = category_of(error)
    return [
        Finding(field=violation.pointer.strip("/").replace("/", "."), message=violation.message, category=category)
        for violation in error.violations
    ]


def _case(row: Row[tuple[object, ...]]) -> Case:
    fields = {str(name): value for name, value in row._mapping.items() if value is not None}  # noqa: SLF001 - its public name
    return msgspec.convert(fields, Case)
