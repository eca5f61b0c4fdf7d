"""What project activation remembers: the contract behind each project, and plans that an ERP cannot hold."""

import datetime as dt
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, select, update

from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.record import Record
from tollway.canonical.statement import Engagement
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import engagements, kept_plans

P = TypeVar("P", bound=Record)


class Engagements:
    """Contracts that are being, or have been, activated."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        """The project stands."""
        await self._change(deal_id, status="active", activated_at=dt.datetime.now(dt.UTC))

    async def cancelled(self, deal_id: str) -> None:
        """The activation was taken back."""
        await self._change(deal_id, status="cancelled")

    async def of_deal(self, deal_id: str) -> Engagement | None:
        """The engagement that the deal led to."""
        return await self._one(engagements.c.deal_id == deal_id)

    async def of_project(self, number: str) -> Engagement | None:
        """The engagement that the project delivers."""
        return await self._one(engagements.c.project_number == number)

    async def _change(self, deal_id: str, **values: Any) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(update(engagements).where(engagements.c.deal_id == deal_id).values(values))

    async def _one(self, where: ColumnElement[bool]) -> Engagement | None:
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(engagements).where(where))).one_or_none()
        if row is None:
            return None
        return Engagement(
            contract=msgspec.json.decode(row.contract, type=Contract),
            customer=msgspec.json.decode(row.customer, type=Customer),
            project_number=row.project_number,
            status=row.status,
            started_at=row.started_at,
            activated_at=row.activated_at,
        )


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


def _json(record: Record) -> str:
    return msgspec.json.encode(record).decode()
