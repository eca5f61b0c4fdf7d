"""The sales API: what account teams ask about their deals, before and after they close."""

import asyncio
from typing import Annotated

from litestar import get
from litestar.params import Dependency

from tollway.canonical.case import CaseStatus
from tollway.canonical.casework import CaseFilter
from tollway.canonical.record import Identifier
from tollway.canonical.statement import DealOverview, Readiness
from tollway.ports.activation import Activation
from tollway.ports.casework import Casework
from tollway.ports.invoicing import Invoicing
from tollway.ports.onboarding import Onboarding

READ = {"scope": "sales:read"}


@get("/sales/v1/deals/{deal_id:str}/readiness", operation_id="getDealReadiness", opt=READ)
async def get_readiness(
    onboarding: Annotated[Onboarding, Dependency(skip_validation=True)], deal_id: Identifier
) -> Readiness:
    """What is still missing before the deal can be closed, delivered and billed."""
    return await onboarding.readiness(deal_id)


@get("/sales/v1/deals/{deal_id:str}", operation_id="getDeal", opt=READ)
async def get_deal(
    activation: Annotated[Activation, Dependency(skip_validation=True)],
    invoicing: Annotated[Invoicing, Dependency(skip_validation=True)],
    casework: Annotated[Casework, Dependency(skip_validation=True)],
    deal_id: Identifier,
) -> DealOverview:
    """What of the deal is delivered, billed, unbilled and paid, and what keeps it from going on."""
    engagement, cases = await asyncio.gather(
        activation.engagement_of_deal(deal_id), casework.cases(CaseFilter(status=CaseStatus.OPEN, subject=deal_id))
    )
    if engagement is None:
        return DealOverview(deal_id=deal_id, stage="onboarding" if cases else "not_started", open_cases=cases)
    active = engagement.status == "active"
    statement, of_project = await asyncio.gather(
        invoicing.statement(engagement.project_number) if active else _nothing(),
        casework.cases(CaseFilter(status=CaseStatus.OPEN, subject=engagement.project_number)),
    )
    return DealOverview(
        deal_id=deal_id,
        stage=engagement.status,
        project_number=engagement.project_number,
        customer_number=engagement.customer.number,
        statement=statement,
        open_cases=[*cases, *of_project],
    )


async def _nothing() -> None:
    """A project that does not stand yet has no statement."""


HANDLERS = (get_readiness, get_deal)
