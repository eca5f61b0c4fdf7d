"""Parking a process on a business exception: who owns it, what to do, and when it is closed."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway import context
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.money import Money
from tollway.case_settings import CaseSettings
from tollway.cases.due import due, wakes_at
from tollway.cases.matters import Matter, matter_of
from tollway.cases.observing import Observer, tell
from tollway.cases.routing import route
from tollway.cases.rows import BY_ITSELF, case_of, moment, money_columns, note
from tollway.cases.rules import RULES, category_of, findings_of
from tollway.masking import masked_text
from tollway.problems import Conflict, ProblemError, found
from tollway.storage import Database
from tollway.storage.database import insert_new
from tollway.storage.tables import cases

UNSETTLED = (CaseStatus.OPEN, CaseStatus.RETRYING)


class Cases:
    """Opens, finds and closes cases."""

    def __init__(
        self, database: Database, settings: CaseSettings | None = None, observers: Sequence[Observer] = ()
    ) -> None:
        """`settings`: who gets which cases and by when; without them each category's own rule holds."""
        self._database = database
        self._settings = settings or CaseSettings()
        self._observers = observers

    async def park(
        self,
        process: str,
        process_id: str,
        subject: str,
        error: ProblemError,
        *,
        legal_entity: str = "",
        amount: Money | None = None,
    ) -> Case:
        """Open a case for a process that came to a halt, or note in its open one that it did again.

        What is no process may have a case as well: `process` then names what found it, and `process_id` is a lasting
        identity of the finding. Legal entity and amount are looked up by the subject where they are not given.
        """
        async with self._database.transaction() as connection:
            known = await matter_of(connection, subject)
            matter = Matter(legal_entity or known.legal_entity, amount or known.amount)
            said = await self._said(connection, error, matter)
            named = {"process": process, "process_id": process_id, "subject": subject}
            # Of two that open the first case of a process at once, one finds the other's.
            row = await self._again(connection, process_id, said, error) or await self._open(connection, said | named)
            case = case_of(
                row or found(await self._again(connection, process_id, said, error), f"case of {process_id}")
            )
            await tell(self._observers, connection, case, "opened" if case.occurrences == 1 else "halted again")
        return case

    async def get(self, case_id: str) -> Case:
        """The case; raises NotFound."""
        async with self._database.transaction() as connection:
            return await _get(connection, case_id)

    async def list(self, status: CaseStatus | None = None, subject: str = "", limit: int = 100) -> list[Case]:
        """Cases, the oldest first."""
        query = select(cases).order_by(cases.c.opened_at, cases.c.id).limit(limit)
        if status:
            query = query.where(cases.c.status == status)
        if subject:
            query = query.where(cases.c.subject == subject)
        async with self._database.transaction() as connection:
            return [case_of(row) for row in await connection.execute(query)]

    async def open_case(self, process_id: str) -> Case | None:
        """The case that a process waits on, if it does."""
        return await self._of_process(process_id, (CaseStatus.OPEN,))

    async def unsettled(self, process_id: str) -> Case | None:
        """The case that a process waits on, or by which it is being retried."""
        return await self._of_process(process_id, UNSETTLED)

    async def _of_process(self, process_id: str, status: Sequence[CaseStatus]) -> Case | None:
        query = select(cases).where((cases.c.process_id == process_id) & cases.c.status.in_(status))
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return case_of(row) if row else None

    async def was_parked(self, process_id: str) -> bool:
        """Whether the process ever came to a halt, so that what it once read may have been mended since."""
        query = select(cases.c.id).where(cases.c.process_id == process_id).limit(1)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).first() is not None

    async def retrying(self, case_id: str, by: str = BY_ITSELF, hand: str | None = None) -> Case:
        """Mark an open case as being retried; raises Conflict when it is not open.

        With a `hand`, a name of an action's own, the case is in that hand until it is retried, closed or put back.
        """
        where = (cases.c.id == case_id) & (cases.c.status == CaseStatus.OPEN)
        async with self._database.transaction() as connection:
            case = await _change(connection, where, case_id, status=CaseStatus.RETRYING, hand=hand)
            if hand is None:
                await note(connection, case_id, "retried", by)
        return case

    @asynccontextmanager
    async def being_retried(self, case_id: str) -> AsyncIterator[None]:
        """Mark an open case as being retried, and put it back where what is inside fails; raises Conflict."""
        await self.retrying(case_id)
        try:
            yield
        except BaseException:
            await self.reopen(case_id)
            raise

    async def reopen(self, case_id: str) -> None:
        """Put a case back on its desk whose retry never began."""
        where = (cases.c.id == case_id) & (cases.c.status == CaseStatus.RETRYING)
        async with self._database.transaction() as connection:
            await connection.execute(update(cases).where(where).values(status=CaseStatus.OPEN, hand=None))

    async def let_go(self, case_id: str, hand: str, did: str, by: str, detail: str = "") -> Case:
        """Have the case that is in this hand go on as any that is retried, and note what was done to it."""
        async with self._database.transaction() as connection:
            case = await _change(connection, _in_hand(case_id, hand), case_id, hand=None)
            await note(connection, case_id, did, by, detail)
        return case

    async def cancel(self, case_id: str, by: str, hand: str | None = None) -> Case:
        """Close a case that is open, or in this hand, and whose process is given up; raises Conflict when it is not."""
        where = _in_hand(case_id, hand) if hand else (cases.c.id == case_id) & (cases.c.status == CaseStatus.OPEN)
        async with self._database.transaction() as connection:
            closed = {"status": CaseStatus.CANCELLED, "closed_at": await moment(connection), "closed_by": by}
            case = await _change(connection, where, case_id, **closed, hand=None)
            await note(connection, case_id, "cancelled", by)
            await tell(self._observers, connection, case, "cancelled")
        return case

    async def give_up(self, process_id: str) -> None:
        """Close the case, if any, of a process that was given up; what somebody has in hand is theirs to close."""
        by = context.current().subject or BY_ITSELF
        free = (cases.c.process_id == process_id) & cases.c.status.in_(UNSETTLED) & cases.c.hand.is_(None)
        await self._close(free, CaseStatus.CANCELLED, closed_by=by, by=by)

    async def resolve(self, process_id: str) -> None:
        """Close the open case, if any, of a process that went through."""
        unsettled = (cases.c.process_id == process_id) & cases.c.status.in_(UNSETTLED)
        await self._close(unsettled, CaseStatus.RESOLVED, closed_by="retry", by=BY_ITSELF)

    async def _close(self, where: ColumnElement[bool], status: CaseStatus, *, closed_by: str, by: str) -> None:
        async with self._database.transaction() as connection:
            closed = {"status": status, "closed_at": await moment(connection), "closed_by": closed_by}
            statement = update(cases).where(where).values(**closed, hand=None).returning(cases)
            for case in [case_of(row) for row in (await connection.execute(statement)).all()]:
                await note(connection, case.id, status, by)
                await tell(self._observers, connection, case, status)

    async def _said(self, connection: AsyncConnection, error: ProblemError, matter: Matter) -> dict[str, Any]:
        """What a case says because of an error: its words, and where it goes."""
        category, words = category_of(error), masked_text(error.detail)
        goes, at = route(category, matter, self._settings.routing), await moment(connection)
        due_at = due(at, goes.hours, self._settings.working_hours)
        return {
            "category": category,
            "owner_role": goes.role,
            "severity": goes.severity,
            "assignee": goes.assignee,
            "due_at": due_at,
            "escalates_at": due_at,
            "escalated_to": None,
            "wakes_at": wakes_at(at, category, error, occurrences=1),
            "legal_entity": matter.legal_entity,
            **money_columns(matter.amount),
            "status": CaseStatus.OPEN,
            "summary": words,
            "remedy": RULES[category].remedy,
            "findings": [msgspec.to_builtins(finding) for finding in findings_of(error)],
            "evidence": {"problem": error.kind, "said": words},
            "correlation_id": context.current().correlation_id,
            "opened_at": at,
        }

    async def _open(self, connection: AsyncConnection, said: dict[str, Any]) -> Row[tuple[object, ...]] | None:
        """The new case; None when another came first."""
        case_id = f"CASE-{secrets.token_hex(6)}"
        if not await insert_new(connection, cases, said | {"id": case_id, "occurrences": 1}):
            return None
        await note(connection, case_id, "opened", BY_ITSELF, said["summary"])
        return (await connection.execute(select(cases).where(cases.c.id == case_id))).one()

    async def _again(
        self, connection: AsyncConnection, process_id: str, said: dict[str, Any], error: ProblemError
    ) -> Row[tuple[object, ...]] | None:
        """The unsettled case of a process, as it is after one more halt; None when there is none."""
        where = (cases.c.process_id == process_id) & cases.c.status.in_(UNSETTLED)
        before = (await connection.execute(select(cases).where(where).with_for_update())).one_or_none()
        if before is None:
            return None
        left = {"opened_at"}
        if before.category == said["category"]:  # the same trouble: whoever has it keeps it, and the clock runs on
            left |= {"owner_role", "severity", "assignee", "due_at", "escalates_at", "escalated_to"}
        changes = {name: value for name, value in said.items() if name not in left}
        again = changes | {"occurrences": before.occurrences + 1, "hand": None}
        again["wakes_at"] = wakes_at(said["opened_at"], said["category"], error, before.occurrences + 1)
        await note(connection, before.id, "halted again", BY_ITSELF, said["summary"])
        changed = update(cases).where(where).values(again).returning(*cases.c)
        return (await connection.execute(changed)).one()


async def _change(connection: AsyncConnection, where: Any, case_id: str, **changes: Any) -> Case:
    """The case after a change; raises Conflict where the condition no longer holds, and NotFound."""
    row = (await connection.execute(update(cases).where(where).values(changes).returning(cases))).one_or_none()
    if row is None:
        case = await _get(connection, case_id)
        raise Conflict(f"Case {case_id} is {case.status}, not open.")
    return case_of(row)


async def _get(connection: AsyncConnection, case_id: str) -> Case:
    row = (await connection.execute(select(cases).where(cases.c.id == case_id))).one_or_none()
    return case_of(found(row, f"case {case_id}"))


def _in_hand(case_id: str, hand: str) -> Any:
    return (cases.c.id == case_id) & (cases.c.status == CaseStatus.RETRYING) & (cases.c.hand == hand)
