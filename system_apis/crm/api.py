"""The HTTP face of the CRM port, whichever platform is behind it."""

import datetime as dt
from typing import Annotated

from litestar import get, put
from litestar.params import Dependency

from tollway.canonical.change_event import ChangeEvents, Position, Wait
from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.listing import DealPage, Span
from tollway.canonical.record import Changes, Cursor, FreeText, Identifier, Timestamp
from tollway.ports.crm import Crm
from tollway.problems import agree, found

Port = Annotated[Crm, Dependency(skip_validation=True)]


@get("/crm/v1/deals/{deal_id:str}", operation_id="getDeal")
async def get_deal(crm: Port, deal_id: Identifier) -> Deal:
    """The deal with its account, lines, milestones and rates."""
    return await crm.deal(deal_id)


@get("/crm/v1/won-deals", operation_id="listWonDeals")
async def list_won_deals(crm: Port, moment: Timestamp, after: FreeText = "") -> Changes:
    """Deals in a won stage that changed after (moment, after), oldest first."""
    return await crm.won_deals(Cursor(moment=moment, id=after))


@get("/crm/v1/won-deal-events", operation_id="listWonDealEvents")
async def list_won_deal_events(crm: Port, position: Position = "", wait: Wait = 0) -> ChangeEvents:
    """Deals being won, as the CRM tells of them behind a position, within `wait` seconds."""
    return await crm.won_deal_events(position, wait)


@get("/crm/v1/deal-standings", operation_id="listDealStandings")
async def list_deal_standings(crm: Port, start: dt.date, end: dt.date, after: FreeText = "") -> DealPage:
    """Deals won from `start` to `end` and all that have a project, behind the place `after`."""
    return await crm.deal_standings(Span(start=start, end=end), after)


@put("/crm/v1/deals/{deal_id:str}/progress", operation_id="reportProgress", status_code=204)
async def report_progress(crm: Port, deal_id: Identifier, data: DealProgress) -> None:
    """Write project and billing status onto the deal."""
    agree(deal_id, data.deal_id)
    await crm.report_progress(data)


@get("/crm/v1/deals/{deal_id:str}/progress", operation_id="getProgress")
async def get_progress(crm: Port, deal_id: Identifier) -> DealProgress:
    """What the deal says of project and billing."""
    return found(await crm.find_progress(deal_id), f"deal {deal_id} in the CRM")


HANDLERS = (get_deal, list_won_deals, list_won_deal_events, list_deal_standings, report_progress, get_progress)
