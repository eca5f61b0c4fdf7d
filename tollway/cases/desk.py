"""What people see of the cases and say about them: lists, counts, histories, assignments and comments."""

from collections.abc import Sequence

from sqlalchemy import Integer, cast, func, select, true, tuple_, update
from sqlalchemy.sql import ColumnElement, Select

from tollway.canonical.case import Case
from tollway.canonical.casework import CaseEvent, CaseFilter, DeskCount
from tollway.cases.actors import Actor
from tollway.cases.cases import UNSETTLED
from tollway.cases.observing import Observer, tell
from tollway.cases.rows import case_of, moment, note
from tollway.idempotency.carried_out import first_time
from tollway.problems import found
from tollway.storage import Database
from tollway.storage.tables import case_events, cases


class Desk:
    """The cases as people work through them."""

    def __init__(self, database: Database, observers: Sequence[Observer] = ()) -> None:
        self._database = database
        self._observers = observers

    async def cases(self, wanted: CaseFilter, actor: Actor) -> list[Case]:
        """A page of the cases that a filter means, oldest first; `actor` is whose `mine` are."""
        query = select(cases).order_by(cases.c.opened_at, cases.c.id).limit(wanted.limit)
        async with self._database.transaction() as connection:
            for condition in _conditions(wanted):
                query = query.where(condition)
            if wanted.mine:
                query = query.where(actor.desks())
            if wanted.overdue:
                late = cases.c.status.in_(UNSETTLED) & (cases.c.due_at < await moment(connection))
                query = query.where(late)
            return [case_of(row) for row in await connection.execute(_after(query, wanted.after))]

    async def counts(self, of: Actor | None = None) -> list[DeskCount]:
        """How much waits on each desk, or `of` the cases that somebody may act on, by category."""
        async with self._database.transaction() as connection:
            late = cast(cases.c.due_at < await moment(connection), Integer)
            query = (
                select(
                    cases.c.owner_role.label("role"),
                    cases.c.category,
                    func.count().label("waiting"),
                    func.sum(late).label("overdue"),
                    func.sum(cast(cases.c.assignee == "", Integer)).label("unassigned"),
                )
                .where(cases.c.status.in_(UNSETTLED) & (of.desks() if of else true()))
                .group_by(cases.c.owner_role, cases.c.category)
                .order_by(cases.c.owner_role, cases.c.category)
            )
            return [DeskCount(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001 - its public name

    async def history(self, case_id: str) -> list[CaseEvent]:
        """All that was done to a case, in order."""
        query = select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.id)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query)
            return [CaseEvent(at=row.at, by=row.by, did=row.did, detail=row.detail) for row in rows]

    async def assign(self, case_id: str, assignee: str, actor: Actor) -> Case:
        """Give a case to somebody, or back to the desk."""
        async with self._database.transaction() as connection:
            query = select(cases).where(cases.c.id == case_id).with_for_update()
            case = case_of(found((await connection.execute(query)).one_or_none(), f"case {case_id}"))
            actor.require(case)
            changed = update(cases).where(cases.c.id == case_id).values(assignee=assignee).returning(cases)
            did = "assigned" if assignee else "given back"
            await note(connection, case_id, did, actor.name, assignee)
            case = case_of((await connection.execute(changed)).one())
            await tell(self._observers, connection, case, did)
            return case

    async def comment(self, case_id: str, text: str, actor: Actor) -> CaseEvent:
        """Write down what somebody has to say about a case, whosever desk it is on."""
        async with self._database.transaction() as connection:
            query = select(cases.c.id).where(cases.c.id == case_id)
            found((await connection.execute(query)).one_or_none(), f"case {case_id}")
            if await first_time(connection, f"comment {case_id}"):
                await note(connection, case_id, "commented", actor.name, text)
        return (await self.history(case_id))[-1]


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """The conditions that a filter's plain fields set."""
    columns = {
        cases.c.status: wanted.status,
        cases.c.subject: wanted.subject,
        cases.c.category: wanted.category,
        cases.c.owner_role: wanted.role,
        cases.c.legal_entity: wanted.legal_entity,
        cases.c.assignee: wanted.assignee,
        cases.c.severity: wanted.severity,
    }
    conditions = [column == value for column, value in columns.items() if value]
    return [*conditions, cases.c.opened_at < wanted.opened_before] if wanted.opened_before else conditions


def _after(query: Select[tuple[object, ...]], last: str) -> Select[tuple[object, ...]]:
    """The query from behind a case on."""
    if not last:
        return query
    place = select(cases.c.opened_at, cases.c.id).where(cases.c.id == last).scalar_subquery()
    return query.where(tuple_(cases.c.opened_at, cases.c.id) > place)
