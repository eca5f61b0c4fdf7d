"""What happened to a deal, and where every figure came from."""

from typing import Annotated

from litestar import get
from litestar.params import Dependency

from tollway.canonical.lineage import Lineage
from tollway.canonical.record import Code, FreeText, Identifier, PageSize
from tollway.canonical.timeline import Timeline
from tollway.ports.history import History
from tollway.problems import found

READ = {"scope": "operations:read"}
Story = Annotated[History, Dependency(skip_validation=True)]


@get("/operations/v1/lineage/{object_type:str}/{object_id:str}", operation_id="getLineage", opt=READ)
async def get_lineage(history: Story, object_type: Code, object_id: Identifier, field: FreeText = "") -> Lineage:
    """Where each field of an object that Tollway wrote came from: record, value, mapping, step, person.

    The object goes by our identity of it, the platform's id or its number; `field` narrows: `lines/0/amount`.
    """
    return found(await history.lineage(object_type, object_id, field), f"lineage of {object_type} {object_id}")


@get("/operations/v1/deals/{deal_id:str}/timeline", operation_id="getDealTimeline", opt=READ)
async def get_deal_timeline(
    history: Story, deal_id: Identifier, cursor: FreeText = "", limit: PageSize = 200
) -> Timeline:
    """Everything that happened to a deal across all systems, the earliest first."""
    return found(await history.deal(deal_id, cursor, limit), f"deal {deal_id} that anything happened to")


HISTORY = (get_lineage, get_deal_timeline)
