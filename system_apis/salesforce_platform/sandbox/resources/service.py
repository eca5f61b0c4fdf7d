"""What the org offers: versions, resources, limits and the description of its sObjects.

Source: 'REST API Developer Guide: Versions, Resources by Version, Limits, Describe Global, sObject Describe'.
"""

from typing import Any

from system_apis.salesforce_platform.sandbox.describe import describe_sobject, summarize
from system_apis.salesforce_platform.sandbox.limits import DAILY_REQUESTS
from system_apis.salesforce_platform.sandbox.rest import FIRST_VERSION, LAST_VERSION, Answer, Request

RELEASES = ("Spring", "Summer", "Winter")


def versions() -> list[dict[str, str]]:
    """Every version the org answers; three releases a year, Winter '26 being version 65."""
    return [
        {
            "label": f"{RELEASES[number % 3]} '{number // 3 + (5 if number % 3 == 2 else 4)}",  # noqa: PLR2004
            "url": f"/services/data/v{number}.0",
            "version": f"{number}.0",
        }
        for number in range(FIRST_VERSION, LAST_VERSION + 1)
    ]


def resources(request: Request) -> Answer:
    """The resources of this version."""
    names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
    return Answer(body={name: f"{request.root}/{name}" for name in names})


def limits(request: Request) -> Answer:
    """The limits that the sandbox counts, or that its documentation states."""
    left: dict[str, tuple[int, int]] = {
        "DailyApiRequests": (DAILY_REQUESTS, DAILY_REQUESTS - request.org.requests_today()),
        "DailyBulkApiBatches": (15000, 15000),
        "DailyBulkV2QueryJobs": (10000, 10000),
        "DailyBulkV2QueryFileStorageMB": (976562, 976562),
    }
    return Answer(body={name: {"Max": most, "Remaining": rest} for name, (most, rest) in left.items()})


def describe_global(request: Request) -> Answer:
    """Every sObject, in short."""
    sobjects = [summarize(sobject, request.root) for sobject in request.org.schema.types.values()]
    return Answer(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})


def basic_information(request: Request, sobject: str) -> Answer:
    """One sObject in short, and its records that were changed last."""
    found = request.sobject(sobject)
    living = [record for record in request.org.all(found.name).values() if not record["IsDeleted"]]
    recent: list[dict[str, Any]] = [
        {
            "attributes": {"type": found.name, "url": f"{request.root}/sobjects/{found.name}/{record['Id']}"},
            "Id": record["Id"],
            "Name": record.get("Name"),
        }
        for record in living[-5:]
    ]
    return Answer(body={"objectDescribe": summarize(found, request.root), "recentItems": recent})


def describe(request: Request, sobject: str) -> Answer:
    """Everything about one sObject."""
    return Answer(body=describe_sobject(request.org.schema, request.sobject(sobject), request.root))
