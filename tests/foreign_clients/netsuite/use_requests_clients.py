"""PyPI's `restsuite` (follows the links of every page) and `netsuite-client`."""

import json

import redirect  # noqa: F401 - takes effect on import
from netsuite_client import NetSuiteClient
from restsuite import NetSuiteQL, NetSuiteRest

BASE = "https://tstdrv0000001.suitetalk.api.netsuite.com/services/rest"
rest = NetSuiteRest("TSTDRV0000001", "sandbox", "sandbox", "sandbox", "sandbox")
created = rest.request("POST", f"{BASE}/record/v1/customer", body={"companyName": "Rest Ltd", "subsidiary": {"id": 4}})
read = rest.request("GET", created.headers["location"])
ql = NetSuiteQL("TSTDRV0000001", "sandbox", "sandbox", "sandbox", "sandbox")
ql.url += "?limit=30&offset=0"
client = NetSuiteClient("TSTDRV0000001", "tstdrv0000001", "sandbox", "sandbox", "sandbox", "sandbox", max_retries=0)
print(  # noqa: T201 - the test reads it
    json.dumps(
        {
            "created": created.status_code,
            "read": read.json(),
            "periods": len(ql.suiteql("SELECT id, periodname FROM accountingperiod ORDER BY id")),
            "query": client.get_suiteql_query("SELECT id, name FROM subsidiary ORDER BY id"),
            "record": client.get(f"{BASE}/record/v1/currency/1", {"fields": "name,symbol"}),
        }
    )
)
