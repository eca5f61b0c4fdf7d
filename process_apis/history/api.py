"""The HTTP face of history."""

from typing import Annotated

from litestar import get
from litestar.params import Dependency

from tollway.canonical.lineage import Lineage
from tollway.canonical.record import Code, FreeText, Identifier, PageSize
from tollway.canonical.timeline import Timeline
from tollway.ports.history import History
from tollway.problems import found

Port = Annotated[History, Dependency(skip_validation=True)]


@get("/history/v1/lineage/{object_type:str}/{object_id:str}", operation_id="getLineage")
async def get_lineage(history: Port, object_type: Code, object_id: Identifier, field: FreeText = "") -> Lineage:
    """Where the fields of an object that Tollway wrote came from."""
    return found(await history.lineage(object_type, object_id, field), f"lineage of {object_type} {object_id}")


@get("/history/v1/deals/{deal_id:str}/timeline", operation_id="getDealTimeline")
async def get_deal_timeline(
    history: Port, deal_id: Identifier, cursor: FreeText = "", limit: PageSize = 200
) -> Timeline:
    """Everything that happened to a deal, the earliest first."""
    return found(await history.deal(deal_id, cursor, limit), f"deal {deal_id} that anything happened to")


@get("/history/v1/processes/{process_id:str}/timeline", operation_id="getProcessTimeline")
async def get_process_timeline(history: Port, process_id: Identifier) -> Timeline:
    """What belongs to one process."""
    return await history.process(process_id)


HANDLERS = (get_lineage, get_deal_timeline, get_process_timeline)
