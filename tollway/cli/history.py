"""History put together: everything that notes what happens."""

from process_apis.history.service import DealHistory, Sources
from tollway.audit.reading import AuditReader
from tollway.cases import Cases
from tollway.cases.desk import Desk
from tollway.effects import Effects
from tollway.engine import Engine
from tollway.events.log import EventLog
from tollway.ingress.inbox import Inbox
from tollway.lineage.written import LineageRecords
from tollway.storage import Database


def history(
    database: Database, *, inbox: Inbox, engine: Engine, effects: Effects, cases: Cases, events: EventLog
) -> DealHistory:
    """What the history service answers by."""
    sources = Sources(
        inbox=inbox,
        engine=engine,
        effects=effects,
        cases=cases,
        desk=Desk(database),
        audit=AuditReader(database),
        events=events,
        lineage=LineageRecords(database),
    )
    return DealHistory(sources)
