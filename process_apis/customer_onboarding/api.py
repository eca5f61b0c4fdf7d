"""The HTTP face of customer onboarding."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.casework import Correction, CustomerChoice
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.record import Identifier
from tollway.canonical.statement import Accepted, DealWon, Readiness
from tollway.ports.onboarding import Onboarding
from tollway.problems import agree

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


@post("/customer-onboarding/v1/deals/{deal_id:str}/corrections", operation_id="correctDeal", status_code=200)
async def correct_deal(onboarding: Port, deal_id: Identifier, data: Correction) -> Readiness:
    """Lay edits over the deal until it changes in the CRM; answers what would be missing still."""
    agree(deal_id, data.deal_id)
    return await onboarding.correct(data)


@post("/customer-onboarding/v1/deals/{deal_id:str}/customer-choice", operation_id="chooseCustomer", status_code=200)
async def choose_customer(onboarding: Port, deal_id: Identifier, data: CustomerChoice) -> Customer:
    """Remember which of several ERP customers the deal's account is."""
    agree(deal_id, data.deal_id)
    return await onboarding.choose_customer(data)


HANDLERS = (deal_won, get_readiness, get_contract, correct_deal, choose_customer)
