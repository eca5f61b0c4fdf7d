"""PyPI's `netsuite` (0.12): records, SuiteQL, JSON Schema and OpenAPI over token-based authentication."""

import asyncio
import json

import redirect  # noqa: F401 - takes effect on import
from netsuite import Config, NetSuiteRestApi, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError

AUTH = {"consumer_key": "sandbox", "consumer_secret": "sandbox", "token_id": "sandbox", "token_secret": "sandbox"}


async def main():
    api = NetSuiteRestApi(Config(account="TSTDRV0000001", auth=TokenAuth(**AUTH)))
    customer = {"companyName": "Foreign Ltd", "subsidiary": {"id": "3"}}
    found = {"upsert": await api.put("/record/v1/customer/eid:F-1", json=customer)}
    found["customer"] = await api.get("/record/v1/customer/eid:F-1", params={"expandSubResources": "true"})
    identity = found["customer"]["id"]
    found["patch"] = await api.patch(f"/record/v1/customer/{identity}", json={"email": "a@example.com"})
    found["rows"] = await api.suiteql("SELECT id, email FROM customer WHERE externalid = 'F-1'", limit=5)
    found["page"] = await api.suiteql("SELECT id FROM accountingperiod ORDER BY id", limit=10, offset=20)
    found["schema"] = await api.jsonschema("customer")
    found["openapi"] = await api.openapi(["customer", "invoice"])
    for key, call in {
        "unknown_property": api.post("/record/v1/customer", json=customer | {"nonsense": 1}),
        "missing": api.get("/record/v1/customer/4711"),
        "wrong_secret": NetSuiteRestApi(
            Config(account="TSTDRV0000001", auth=TokenAuth(**AUTH | {"token_secret": "wrong"}))
        ).get("/record/v1/customer"),
    }.items():
        try:
            await call
        except NetsuiteAPIRequestError as error:
            found[key] = [error.status_code, json.loads(error.response_text)]
    found["delete"] = await api.delete(f"/record/v1/customer/{identity}")
    print(json.dumps(found))  # noqa: T201 - the test reads it


asyncio.run(main())
