"""simple-salesforce, a client written by others, finds in the sandbox what it expects of Salesforce."""

import csv
import io
from typing import Any

import pytest
from simple_salesforce import Salesforce, SFType
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.login import SalesforceLogin, token_login


async def test_it_logs_in_by_soap_and_by_oauth(secure):
    """A user name and password log in by SOAP, a client's credentials by OAuth, and wrong ones are refused."""

    def act(api):
        session, instance = SalesforceLogin(
            username="sandbox", password="sandbox", security_token="", scratch_url=api.url, session=api.http
        )
        assert Salesforce(session_id=session, instance=instance, session=api.http).query("SELECT Id FROM User")
        form = {"grant_type": "password", "client_id": "sandbox", "client_secret": "sandbox"}
        user = {"username": "sandbox", "password": "sandbox"}
        url = f"{api.url}/services/oauth2/token"
        assert token_login(url, form | user, "test", "sandbox", None, None, api.http)[1] == instance
        with pytest.raises(SalesforceAuthenticationFailed, match="invalid_grant"):
            token_login(url, form | user | {"password": "wrong"}, "test", "sandbox", None, None, api.http)
        with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
            SalesforceLogin(username="sandbox", password="no", security_token="", scratch_url=api.url, session=api.http)

    await secure(act)


async def test_a_record_lives_from_create_to_delete(secure):
    """Create, read, change, upsert and delete answer what the client returns as success."""

    def act(api):
        sf = api.connect()
        account = sf.Account.create({"Name": "Acme", "AnnualRevenue": 1200000})
        assert account["success"] is True
        assert len(account["id"]) == 18
        assert sf.Account.get(account["id"])["AnnualRevenue"] == 1200000.0
        assert sf.Account.update(account["id"], {"Name": "Acme Ltd"}) == 204
        key = "Tollway_External_Id__c/acme%2F1"
        assert sf.Account.upsert(key, {"Name": "By key"}) == 201
        assert sf.Account.upsert(key, {"Name": "By key again"}) == 200
        found = sf.query("SELECT Name, Tollway_External_Id__c FROM Account WHERE Tollway_External_Id__c != null")
        assert dict(found["records"][0])["Tollway_External_Id__c"] == "acme/1"
        assert sf.Account.get_by_custom_id("Tollway_External_Id__c", "acme/1")["Name"] == "By key again"
        assert sf.Account.delete(account["id"]) == 204
        with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
            sf.Account.get(account["id"])

    await secure(act)


async def test_a_query_pages_and_iterates(secure):
    """query stops at 2,000 records, query_more and query_all go on, query_all_iter yields every one."""

    def act(api):
        sf = api.connect()
        for start in range(0, 2200, 200):
            records = [
                {"attributes": {"type": "Account"}, "Name": f"Account {start + number:04}"} for number in range(200)
            ]
            sf.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": records})
        soql = "SELECT Id, Name FROM Account ORDER BY Name"
        first = sf.query(soql)
        assert (first["totalSize"], first["done"], len(first["records"])) == (2200, False, 2000)
        rest = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
        assert (rest["done"], rest["records"][-1]["Name"]) == (True, "Account 2199")
        assert len(sf.query_all(soql)["records"]) == 2200
        assert sum(1 for _ in sf.query_all_iter(soql)) == 2200
        assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 2200

    await secure(act)


async def test_children_page_too(secure):
    """A parent with more than 499 children answers the first of them and where the others are."""

    def act(api):
        sf = api.connect()
        account = sf.Account.create({"Name": "Acme"})["id"]
        for start in range(0, 600, 200):
            records = [
                {"attributes": {"type": "Contact"}, "LastName": f"C{start + number:03}", "AccountId": account}
                for number in range(200)
            ]
            sf.restful("composite/sobjects", method="POST", json={"records": records})
        contacts = sf.query("SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account")["records"][0][
            "Contacts"
        ]
        assert (contacts["totalSize"], contacts["done"], len(contacts["records"])) == (600, False, 499)
        rest = sf.query_more(contacts["nextRecordsUrl"], identifier_is_url=True)
        assert (rest["done"], rest["records"][0]["LastName"], rest["records"][-1]["LastName"]) == (True, "C499", "C599")

    await secure(act)


async def test_it_describes_and_counts(secure):
    """Describe answers the fields of an sObject, limits what is left, and every answer the API's usage."""

    def act(api):
        sf = api.connect()
        names = {one["name"] for one in sf.describe()["sobjects"]}
        assert {"Account", "Opportunity", "pse__Proj__c", "Tollway_Deal_Rate__c"} <= names
        fields = {field["name"]: field for field in sf.pse__Timecard_Header__c.describe()["fields"]}
        assert fields["pse__Monday_Hours__c"]["type"] == "double"
        assert fields["pse__Project__c"]["referenceTo"] == ["pse__Proj__c"]
        assert fields["Tollway_External_Id__c"]["externalId"] is True
        assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
        assert sf.limits()["DailyApiRequests"]["Max"] == 1_000_000
        assert sf.api_usage["api-usage"].used == 4
        assert sf.is_sandbox() is True
        typed = SFType("Account", sf.session_id, sf.sf_instance, session=api.http)
        assert typed.create({"Name": "By type"})["success"]

    await secure(act)


async def test_refusals_reach_the_caller(secure):
    """The client raises its own exceptions with the platform's codes."""

    def act(api):
        sf = api.connect()
        with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
            sf.Account.create({})
        with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_QUERY"):
            sf.query("SELECT FROM Account")
        stranger = Salesforce(instance_url=api.url, session_id="stale", session=api.http)
        with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
            stranger.query("SELECT Id FROM Account")

    await secure(act)


async def test_bulk_2_loads_and_extracts(secure):
    """A Bulk API 2.0 job upserts records, tells which failed, and a query job reads them back."""

    def act(api):
        sf = api.connect()
        records = [{"Tollway_External_Id__c": f"k{number}", "Name": f"Bulk {number}"} for number in range(5)]
        bad = [{"Tollway_External_Id__c": "k9", "Name": "x" * 300}]
        (job,) = sf.bulk2.Account.upsert(records=records + bad, external_id_field="Tollway_External_Id__c", wait=0.01)
        assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (6, 1)
        assert "STRING_TOO_LONG" in sf.bulk2.Account.get_failed_records(job["job_id"])
        done = _rows(sf.bulk2.Account.get_successful_records(job["job_id"]))
        assert [row["sf__Created"] for row in done] == ["true"] * 5
        pages = sf.bulk2.Account.query("SELECT Id, Name, Owner.Name FROM Account ORDER BY Name", max_records=2)
        rows = [row for page in pages for row in _rows(page)]
        assert [row["Name"] for row in rows] == [f"Bulk {number}" for number in range(5)]
        assert rows[0]["Owner.Name"] == "Integration User"
        sf.bulk2.Account.delete(records=[{"Id": row["Id"]} for row in rows], wait=0.01)
        assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 0

    await secure(act)


async def test_bulk_1_loads_and_extracts(secure):
    """The older Bulk API takes batches of JSON."""

    def act(api):
        sf = api.connect()
        results: Any = sf.bulk.Account.insert([{"Name": "One"}, {"Name": "Two"}, {"Nix": 1}])
        assert [result["success"] for result in results] == [True, True, False]
        detailed: Any = sf.bulk.Contact.insert([{"LastName": "Doe"}], include_detailed_results=True)
        assert (detailed[0]["success"], detailed[0]["LastName"]) == (True, "Doe")
        found: Any = sf.bulk.Account.query("SELECT Id, Name FROM Account ORDER BY Name")
        assert [record["Name"] for record in found] == ["One", "Two"]

    await secure(act)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
