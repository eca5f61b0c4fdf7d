"""The inbound API: what platforms call to tell us that something happened."""

from typing import Annotated, Literal

from litestar import post
from litestar.params import Dependency

from tollway.canonical.record import Identifier, Record, Text, Timestamp
from tollway.canonical.statement import Accepted, DealWon
from tollway.ports.onboarding import Onboarding


class OpportunityClosedWon(Record):
    """What a Salesforce Flow sends by HTTP callout when an opportunity turns Closed Won."""

    event_id: Identifier
    """The Flow interview's GUID; the same callout repeated has the same id."""
    opportunity_id: Identifier
    stage: Literal["Closed Won"]
    occurred_at: Timestamp
    organization_id: Text
    """The Salesforce org's id."""


@post(
    "/inbound/v1/salesforce/opportunity-closed-won",
    operation_id="opportunityClosedWon",
    status_code=202,
    opt={"scope": "inbound:write", "idempotency_key": "none"},  # the event's own id does that
)
async def opportunity_closed_won(
    onboarding: Annotated[Onboarding, Dependency(skip_validation=True)], data: OpportunityClosedWon
) -> Accepted:
    """Take a won deal on; it is stored before this is answered, and the same event is taken once."""
    won = DealWon(
        deal_id=data.opportunity_id,
        event_id=data.event_id,
        source=f"salesforce:{data.organization_id}",
        occurred_at=data.occurred_at,
    )
    return await onboarding.deal_won(won)


HANDLERS = (opportunity_closed_won,)
