"""PyPI's `netsuite-python`: OAuth 2.0, machine to machine, with PS256; then SuiteQL and its generated record client."""

import json
import os

import redirect  # noqa: F401 - takes effect on import
from netsuite import Netsuite

netsuite = Netsuite(
    config={
        "CLIENT_ID": "sandbox",
        "NETSUITE_APP_NAME": "tstdrv0000001",
        "NETSUITE_KEY_FILE": os.environ["SANDBOX_KEY"],
        "CERT_ID": os.environ["SANDBOX_CERTIFICATE_ID"],
        "STORAGE_CLASS": "netsuite.storages.InMemoryStorage",
    }
)
token = netsuite.request_access_token()
rows = netsuite.QUERY_CLIENT.query_api.execute_query(query="SELECT id, symbol FROM currency ORDER BY id")
customers = netsuite.REST_CLIENT.customer_api.customer_get()
names = netsuite.get_netsuite_recordtypes()
print(  # noqa: T201 - the test reads it
    json.dumps({"expires_in": token.expires_in, "rows": rows, "total": customers.total_results, "types": names})
)
