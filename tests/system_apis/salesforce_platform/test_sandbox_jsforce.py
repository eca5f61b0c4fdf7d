"""jsforce, the JavaScript client of Salesforce, finds in the sandbox what it expects."""

import asyncio
import json
from pathlib import Path

from tollway.sandboxes import Faults, serve

SCRIPT = Path(__file__).parents[2] / "foreign_clients" / "jsforce.mjs"


async def test_jsforce_logs_in_and_works_with_records_queries_and_bulk_jobs(app: Faults, node: str):
    """Every step of a jsforce session, from login to logout, sees the result that Salesforce would give."""
    async with serve(app) as address:
        process = await asyncio.create_subprocess_exec(
            node, str(SCRIPT), address.url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert json.loads(out) == {
        "organization": 18,
        "identity": "sandbox",
        "created": True,
        "createdMany": [True, True, True],
        "updated": True,
        "upserted": True,
        "won": ["Acme: Deal 1"],
        "chained": ["Deal 3", "Deal 2"],
        "children": [3, 0],
        "streamed": 3,
        "fields": True,
        "many": ["Deal 1", "Deal 2", "Deal 3"],
        "usage": 1_000_000,
        "refused": "INVALID_FIELD",
        "bulk": [True, False],
        "bulkRows": ["One"],
        "bulk2": [2, 0],
        "bulk2Rows": ["One", "Three", "Two"],
        "deleted": [True, True, True],
        "clientCredentials": 2,
    }
