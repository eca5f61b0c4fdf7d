"""The HTTP face of customer onboarding."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.contract import Contract
from tollway.canonical.record import Identifier
from tollway.canonical.statement import Accepted, DealWon, Readiness
from tollway.ports.onboarding import Onboarding

Port = Annotated[Onboarding, Dependency(skip_validation=True)]


@post("/customer-onboarding/v1/won-deals", operation_id="dealWon", status_code=202)
async def deal_won(onboarding: Port, data: DealWon) -> Accepted:
    """Onboard the deal's customer, once however often it is said."""
    return await onboarding.deal_won(data)


@get("/customer-onboarding/v1/deals/{deal_id:str}/readiness", operation_id="getReadiness")
async def get_readiness(onboarding: Port, deal_id: Identifier) -> Readiness:
    """What onboarding would find missing if the deal were won now."""
    return await onboarding.readiness(deal_id)


@get("/customer-onboarding/v1/deals/{deal_id:str}/contract", operation_id="getContract")
async def get_contract(onboarding: Port, deal_id: Identifier) -> Contract:
    """The deal's terms as they are now, checked."""
    return await onboarding.contract(deal_id)


HANDLERS = (deal_won, get_readiness, get_contract)
