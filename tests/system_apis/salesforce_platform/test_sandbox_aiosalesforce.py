"""aiosalesforce, an asynchronous client written by others, finds in the sandbox what it expects of Salesforce."""

import httpx
import pytest
from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow, SoapLogin
from aiosalesforce.exceptions import SalesforceError

from tollway.sandboxes import Faults, serve


class Detour(httpx.AsyncHTTPTransport):
    """Sends what is meant for salesforce.com, the only host the client takes, to the sandbox."""

    def __init__(self, url: str):
        super().__init__()
        self._url = httpx.URL(url)

    async def handle_async_request(self, request):
        request.url = request.url.copy_with(scheme="http", host=self._url.host, port=self._url.port)
        return await super().handle_async_request(request)


@pytest.mark.parametrize("auth", [ClientCredentialsFlow("sandbox", "sandbox"), SoapLogin("sandbox", "sandbox", "")])
async def test_aiosalesforce_works_with_records_queries_and_composites(app: Faults, auth):
    """Each kind of login leads to a session in which records, queries and composites work."""
    async with serve(app) as address, httpx.AsyncClient(transport=Detour(address.url)) as http:
        salesforce = Salesforce(http, "https://acme.my.salesforce.com", auth)
        identifier = await salesforce.sobject.create("Account", {"Name": "Acme"})
        assert (await salesforce.sobject.get("Account", identifier))["Name"] == "Acme"
        upserted = await salesforce.sobject.upsert("Account", "k", "Tollway_External_Id__c", {"Name": "Key"})
        assert upserted.created is True
        assert [one["Name"] async for one in salesforce.query("SELECT Name FROM Account ORDER BY Name")] == [
            "Acme",
            "Key",
        ]
        with pytest.raises(SalesforceError, match="REQUIRED_FIELD_MISSING"):
            await salesforce.sobject.create("Account", {})
        async with salesforce.composite(all_or_none=True) as batch:
            created = batch.sobject.create("Account", {"Name": "Composite"})
        assert created.id.startswith("001")
        await salesforce.sobject.delete("Account", created.id)


async def test_aiosalesforce_loads_by_bulk_job(app: Faults):
    """An ingest job's results are told apart by what became of each record."""
    async with serve(app) as address, httpx.AsyncClient(transport=Detour(address.url)) as http:
        salesforce = Salesforce(http, "https://acme.my.salesforce.com", ClientCredentialsFlow("sandbox", "sandbox"))
        result = await salesforce.bulk_v2.insert("Contact", [{"LastName": "One"}, {"LastName": "x" * 99}])
        assert (len(result.successful_results), len(result.failed_results)) == (1, 1)
