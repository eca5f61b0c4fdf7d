"""What project activation remembers: the contract behind each project, and plans that an ERP cannot hold."""

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Row, select, update

from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.listing import EngagementPage
from tollway.canonical.record import Record
from tollway.canonical.statement import Engagement
from tollway.events import happenings
from tollway.events.log import EventLog, Happening
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import engagements, kept_plans

P = TypeVar("P", bound=Record)
PAGE = 500
ACTIVE, CANCELLED = "active", "cancelled"
"""Statuses of an engagement whose project stands, and of one that was taken back."""


class Engagements:
    """Contracts that are being, or have been, activated."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database = database
        self._events = events

    async def begin(self, contract: Contract, customer: Customer) -> None:
        """Remember the contract; beginning again keeps what was mended since."""
        terms = {"contract": _json(contract), "customer": _json(customer)}
        row = terms | {
            "deal_id": contract.deal_id,
            "project_number": contract.project_number,
            "status": "activating",
            "started_at": dt.datetime.now(dt.UTC),
        }
        async with self._database.transaction() as connection:
            statement = insert(connection, engagements).values(row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["deal_id"], set_=terms))

    async def activated(self, deal_id: str) -> None:
        """The project stands, unless somebody has taken the activation back by now."""
        changes = {"status": ACTIVE, "activated_at": dt.datetime.now(dt.UTC)}
        await self._change(
            (engagements.c.deal_id == deal_id) & (engagements.c.status != CANCELLED),
            changes,
            happenings.project_activated,
        )

    async def cancelled(self, deal_id: str) -> None:
        """The activation was taken back."""
        changes = {"status": CANCELLED}
        await self._change(engagements.c.deal_id == deal_id, changes, happenings.project_cancelled)

    async def of_deal(self, deal_id: str) -> Engagement | None:
        """The engagement that the deal led to."""
        return await self._one(engagements.c.deal_id == deal_id)

    async def of_project(self, number: str) -> Engagement | None:
        """The engagement that the project delivers."""
        return await self._one(engagements.c.project_number == number)

    async def page(self, after: str) -> EngagementPage:
        """A page of all engagements, by project number, behind the place `after`."""
        number = engagements.c.project_number
        query = select(engagements).where(number > after).order_by(number).limit(PAGE + 1)
        async with self._database.transaction() as connection:
            items = [_engagement(row) for row in await connection.execute(query)]
        more = len(items) > PAGE
        return EngagementPage(items=items[:PAGE], next=items[PAGE - 1].project_number if more else "")

    async def _change(
        self, where: ColumnElement[bool], values: dict[str, Any], happening: Callable[[Engagement], Happening]
    ) -> None:
        changing = update(engagements).where(where).values(values).returning(engagements)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(changing)).all()
            await self._events.append(connection, [happening(_engagement(row)) for row in rows])

    async def _one(self, where: ColumnElement[bool]) -> Engagement | None:
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(engagements).where(where))).one_or_none()
        return _engagement(row) if row else None


class KeptPlans:
    """Plans of projects whose ERP has no place for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, project_number: str, plan: P) -> P:
        """Keep the project's plan, in place of an earlier one of its kind."""
        row = {"project_number": project_number, "kind": type(plan).__name__, "plan": _json(plan)}
        async with self._database.transaction() as connection:
            statement = insert(connection, kept_plans).values(row)
            kept = ["project_number", "kind"]
            await connection.execute(statement.on_conflict_do_update(index_elements=kept, set_={"plan": row["plan"]}))
        return plan

    async def find(self, project_number: str, plan_type: type[P]) -> P | None:
        """The plan of this kind that is kept, if one is."""
        where = (kept_plans.c.project_number == project_number) & (kept_plans.c.kind == plan_type.__name__)
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(kept_plans.c.plan).where(where))).one_or_none()
        return msgspec.json.decode(row.plan, type=plan_type) if row else None


def _engagement(row: Row[Any]) -> Engagement:
    return Engagement(
        contract=msgspec.json.decode(row.contract, type=Contract),
        customer=msgspec.json.decode(row.customer, type=Customer),
        project_number=row.project_number,
        status=row.status,
        started_at=row.started_at,
        activated_at=row.activated_at,
    )


def _json(record: Record) -> str:
    return msgspec.json.encode(record).decode()
