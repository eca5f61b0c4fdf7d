"""Escalation: what is not closed in time weighs more, and the lead of operations is called in."""

from collections.abc import Sequence

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.background import Repeated
from tollway.canonical.case import Case, OwnerRole, Severity
from tollway.case_settings import CaseSettings
from tollway.cases.cases import UNSETTLED
from tollway.cases.due import due
from tollway.cases.matters import Matter
from tollway.cases.observing import Observer, tell
from tollway.cases.routing import route
from tollway.cases.rows import BY_ITSELF, case_of, moment, note
from tollway.storage import Database
from tollway.storage.leases import Leases
from tollway.storage.tables import cases

LEASE = "case escalation"
AT_ONCE = 100
"""Cases of one transaction."""
log = structlog.get_logger()


class Escalation:
    """Looks for cases past their due time; of all workers one does."""

    def __init__(
        self, database: Database, leases: Leases, settings: CaseSettings, observers: Sequence[Observer] = ()
    ) -> None:
        self._database = database
        self._leases = leases
        self._settings = settings
        self._observers = observers

    def repeated(self) -> Repeated:
        """Looking again and again, in the background."""
        return Repeated("case escalation", self.look, self._settings.escalation_seconds)

    async def look(self) -> list[Case]:
        """Escalate what is overdue, once for each time it was given; answers the cases as they are now."""
        if not await self._leases.take(LEASE, 2 * self._settings.escalation_seconds):
            return []
        escalated: list[Case] = []
        while True:
            async with self._database.transaction() as connection:
                overdue = await self._escalate(connection)
            escalated += overdue
            if len(overdue) < AT_ONCE:
                return escalated

    async def _escalate(self, connection: AsyncConnection) -> list[Case]:
        at = await moment(connection)
        late = cases.c.status.in_(UNSETTLED) & (cases.c.escalates_at <= at)
        query = select(cases).where(late).order_by(cases.c.escalates_at).limit(AT_ONCE).with_for_update()
        found = [case_of(row) for row in (await connection.execute(query)).all()]
        return [await self._call_in(connection, case) for case in found]

    async def _call_in(self, connection: AsyncConnection, case: Case) -> Case:
        at, severity = await moment(connection), raised(case.severity)
        given = route(case.category, Matter(case.legal_entity, case.amount), self._settings.routing).hours
        # What is critical and in the lead's hands has nowhere further to go.
        again = None if severity is Severity.CRITICAL else due(at, given, self._settings.working_hours)
        changes = {"severity": severity, "escalated_to": OwnerRole.OPERATIONS_LEAD, "escalates_at": again}
        changed = update(cases).where(cases.c.id == case.id).values(changes).returning(cases)
        said = (
            f"Not closed by {case.due_at:%Y-%m-%d %H:%M} UTC: {severity}, and {OwnerRole.OPERATIONS_LEAD} is called in."
        )
        await note(connection, case.id, "escalated", BY_ITSELF, said)
        log.warning("case escalated", case=case.id, role=case.owner_role, severity=severity)
        escalated = case_of((await connection.execute(changed)).one())
        await tell(self._observers, connection, escalated, "escalated")
        return escalated


def raised(severity: Severity) -> Severity:
    """The next higher severity; the highest stays."""
    all_of_them = list(Severity)
    return all_of_them[min(all_of_them.index(severity) + 1, len(all_of_them) - 1)]
