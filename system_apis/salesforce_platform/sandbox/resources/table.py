"""Every resource below /services/data/vXX.X and the functions that serve it."""

from system_apis.salesforce_platform.sandbox.resources import (
    collections,
    query_resource,
    rows,
    service,
)
from system_apis.salesforce_platform.sandbox.rest import Router


def build_router() -> Router:
    """The router of the REST API."""
    router = Router()
    router.add("", GET=service.resources)
    router.add("limits", GET=service.limits)
    router.add("sobjects", GET=service.describe_global)
    router.add("sobjects/{sobject}", GET=service.basic_information, POST=rows.create)
    router.add("sobjects/{sobject}/describe", GET=service.describe)
    router.add("sobjects/{sobject}/updated", GET=rows.updated)
    router.add("sobjects/{sobject}/deleted", GET=rows.deleted)
    router.add("sobjects/{sobject}/{record}", GET=rows.get, PATCH=rows.update, DELETE=rows.delete, POST=rows.by_id_post)
    router.add(
        "sobjects/{sobject}/{field}/{value}", GET=rows.get_by_key, PATCH=rows.upsert, DELETE=rows.delete_by_key
    )
    router.add("query", GET=query_resource.query)
    router.add("queryAll", GET=query_resource.query_all)
    router.add("(?:query|queryAll)/{locator}", GET=query_resource.more)
    router.add(
        "composite/sobjects", POST=collections.create, PATCH=collections.update, DELETE=collections.delete
    )
    router.add("composite/sobjects/{sobject}", GET=collections.get, POST=collections.retrieve)
    router.add("composite/sobjects/{sobject}/{field}", PATCH=collections.upsert)
    return router
