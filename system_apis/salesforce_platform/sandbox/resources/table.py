"""Every resource below /services/data/vXX.X and the functions that serve it."""

from system_apis.salesforce_platform.sandbox.resources import (
    collections,
    ingest_jobs,
    query_jobs,
    query_resource,
    rows,
    service,
    tree,
)
from system_apis.salesforce_platform.sandbox.resources.composite import Composite
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
    router.add("sobjects/{sobject}/{field}/{value}", GET=rows.get_by_key, PATCH=rows.upsert, DELETE=rows.delete_by_key)
    router.add("query", GET=query_resource.query)
    router.add("queryAll", GET=query_resource.query_all)
    router.add("(?:query|queryAll)/{locator}", GET=query_resource.more)
    composites = Composite(router)
    router.add("composite", POST=composites.composite)
    router.add("composite/batch", POST=composites.batch)
    router.add("composite/graph", POST=composites.graph)
    router.add("composite/tree/{sobject}", POST=tree.create)
    router.add("composite/sobjects", POST=collections.create, PATCH=collections.update, DELETE=collections.delete)
    router.add("composite/sobjects/{sobject}", GET=collections.get, POST=collections.retrieve)
    router.add("composite/sobjects/{sobject}/{field}", PATCH=collections.upsert)
    router.add("jobs/ingest", POST=ingest_jobs.create, GET=ingest_jobs.list_jobs)
    router.add("jobs/ingest/{job}", GET=ingest_jobs.get, PATCH=ingest_jobs.change_state, DELETE=ingest_jobs.delete)
    router.add("jobs/ingest/{job}/batches", PUT=ingest_jobs.upload)
    router.add("jobs/ingest/{job}/{results}", GET=ingest_jobs.results)
    router.add("jobs/query", POST=query_jobs.create, GET=query_jobs.list_jobs)
    router.add("jobs/query/{job}", GET=query_jobs.get, PATCH=query_jobs.abort, DELETE=query_jobs.delete)
    router.add("jobs/query/{job}/results", GET=query_jobs.results)
    return router
