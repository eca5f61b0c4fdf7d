"""The HTTP face of collections."""

from typing import Annotated

from litestar import post
from litestar.params import Dependency

from tollway.canonical.statement import Accepted, BillingChange
from tollway.ports.collections import Collections

Port = Annotated[Collections, Dependency(skip_validation=True)]


@post("/collections/v1/billing-changes", operation_id="billingChanged", status_code=202)
async def billing_changed(collections: Port, data: BillingChange) -> Accepted:
    """Write the project's billing status to CRM and PSA, once per trigger."""
    return await collections.billing_changed(data)


HANDLERS = (billing_changed,)
