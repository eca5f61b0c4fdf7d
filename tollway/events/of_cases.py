"""The events that cases are, and the processes that are parked on them."""

from collections.abc import Callable, Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.case import Case
from tollway.events import happenings
from tollway.events.log import EventLog, Happening


class EventsOfCases:
    """Observes cases, and tells what was done to one in the transaction that does it."""

    def __init__(self, log: EventLog, processes: Callable[[], Collection[str]]) -> None:
        """`processes`: the names of all processes, since what is none has cases as well."""
        self._log = log
        self._processes = processes

    async def __call__(self, connection: AsyncConnection, case: Case, did: str) -> None:
        """Tell what was done, where that is an event."""
        told = _told(case, did)
        if did in ("opened", "halted again") and case.process in self._processes():
            told.append(happenings.process_parked(case))
        await self._log.append(connection, told)


def _told(case: Case, did: str) -> list[Happening]:
    match did:
        case "opened":
            return [happenings.case_opened(case)]
        case "assigned":
            return [happenings.case_assigned(case)]
        case "escalated":
            return [happenings.case_escalated(case)]
        case "resolved":
            return [happenings.case_resolved(case)]
        case "cancelled":
            return [happenings.case_cancelled(case)]
    return []
