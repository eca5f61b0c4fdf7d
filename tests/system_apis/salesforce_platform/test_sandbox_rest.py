"""Records, errors, sessions and the org's own rules, seen over bare HTTP."""

import asyncio
import datetime as dt

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from system_apis.salesforce_platform.sandbox import create_sandbox
from system_apis.salesforce_platform.sandbox.ids import read_id, with_suffix
from tollway.sandboxes import Fault, State, serve
from tollway.sandboxes.server import kept_certificate

DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}


def test_the_last_three_characters_of_an_id_tell_its_capitals():
    """The 15 characters of Salesforce's own example get the suffix that its documentation shows."""
    assert with_suffix("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert read_id("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert read_id("001D000000IqhSLIAA") is None
    assert read_id("nonsense") is None


@pytest.mark.parametrize(
    ("sobject", "body", "code", "message", "fields"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ("Account", {"Name": "a", "Nix": 1}, "INVALID_FIELD", "No such column 'Nix' on sobject of type Account", None),
        ("Account", {"Id": "x"}, "INVALID_FIELD", "The Id field should not be specified in the sobject data.", None),
        ("Contact", {"LastName": "x" * 81}, "STRING_TOO_LONG", "data value too large", ["LastName"]),
        (
            "Contact",
            {"LastName": "x", "AccountId": "1"},
            "MALFORMED_ID",
            "id value of incorrect type: 1",
            ["AccountId"],
        ),
        (
            "Contact",
            {"LastName": "x", "AccountId": "001000000000001AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [],
        ),
        (
            "Opportunity",
            DEAL | {"Tollway_Contract_Type__c": "Barter"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "bad value for restricted picklist field: Barter",
            ["Tollway_Contract_Type__c"],
        ),
        ("Opportunity", DEAL | {"Amount": "much"}, "JSON_PARSER_ERROR", "VALUE_STRING value much", None),
        ("Opportunity", DEAL | {"IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", "IsWon", ["IsWon"]),
    ],
)
async def test_a_record_that_breaks_a_rule_is_refused(api, sobject, body, code, message, fields):
    """Every rule has its error code, in an array, with the fields at fault where a record was looked at."""

    def act(api):
        answer = api("POST", f"sobjects/{sobject}", body)
        (error,) = answer.json()
        assert (answer.status_code, error["errorCode"], error.get("fields")) == (400, code, fields)
        assert message in error["message"]

    await api(act)


async def test_what_is_not_there_is_not_found(api):
    """Unknown sObjects, records, external id fields and versions are 404, a wrong method is 405."""

    def act(api):
        missing = "The requested resource does not exist"
        assert api.error("GET", "sobjects/Nix") == (404, "NOT_FOUND", missing)
        assert api.error("GET", "sobjects/Account/001000000000001AAA") == (404, "NOT_FOUND", missing)
        assert api.error("GET", "/services/data/v99.0/limits") == (404, "NOT_FOUND", missing)
        status, code, message = api.error("PATCH", "sobjects/Account/Name/x", {})
        assert (status, code) == (404, "NOT_FOUND")
        assert message == "Provided external ID field does not exist or is not accessible: Name"
        assert api.error("PUT", "sobjects/Account", {})[:2] == (405, "METHOD_NOT_ALLOWED")

    await api(act)


async def test_an_upsert_tells_what_it_did(api):
    """201 creates, 200 with a body changes, 204 before version 46; the key itself may not be in the body."""

    def act(api):
        path = "sobjects/Account/Tollway_External_Id__c/a%2Fb c"
        created = api("PATCH", path, {"Name": "One"})
        assert (created.status_code, created.json()["created"]) == (201, True)
        changed = api("PATCH", path, {"Name": "Two"})
        assert (changed.status_code, changed.json()) == (200, created.json() | {"created": False})
        assert api("PATCH", f"/services/data/v45.0/{path}", {"Name": "Three"}).status_code == 204
        assert api("GET", path).json()["Tollway_External_Id__c"] == "a/b c"
        assert api.error("PATCH", path, {"Tollway_External_Id__c": "a/b c"})[:2] == (400, "INVALID_FIELD")
        assert (
            api.error("POST", "sobjects/Account", {"Name": "x", "Tollway_External_Id__c": "A/B C"})[1]
            == "DUPLICATE_VALUE"
        )

    await api(act)


async def test_a_key_that_is_not_unique_can_match_several(api):
    """Status 300 lists the URLs of the records that match."""

    def act(api):
        ids = [api.create("Contact", LastName="Doe", Email="doe@example.com") for _ in range(2)]
        answer = api("PATCH", "sobjects/Contact/Email/doe@example.com", {"LastName": "Roe"})
        assert answer.status_code == 300
        assert [url.rpartition("/")[2] for url in answer.json()] == ids

    await api(act)


async def test_a_parent_can_be_named_by_its_external_id(api):
    """A nested object with one external id stands for the lookup."""

    def act(api):
        account = api.create("Account", Name="Acme", Tollway_External_Id__c="acme")
        deal = api.create("Opportunity", **DEAL, Account={"Tollway_External_Id__c": "acme"})
        assert api("GET", f"sobjects/Opportunity/{deal}?fields=AccountId").json()["AccountId"] == account
        body = DEAL | {"Account": {"Tollway_External_Id__c": "nix"}}
        assert api.error("POST", "sobjects/Opportunity", body)[1] == "INVALID_FIELD"

    await api(act)


async def test_deleting_a_master_deletes_its_details(api):
    """Details go with their master, lookups are cleared, and queryAll still finds what was deleted."""

    def act(api):
        account = api.create("Account", Name="Acme")
        deal = api.create("Opportunity", **DEAL, AccountId=account)
        api.create("Tollway_Deal_Milestone__c", Name="M", Opportunity__c=deal, Amount__c=5)
        project = api.create("pse__Proj__c", Name="P", pse__Opportunity__c=deal, pse__Account__c=account)
        assert api("DELETE", f"sobjects/Account/{account}").status_code == 204
        assert api.error("PATCH", f"sobjects/Account/{account}", {"Name": "x"})[:2] == (404, "ENTITY_IS_DELETED")
        assert api.query("SELECT COUNT() FROM Tollway_Deal_Milestone__c")["totalSize"] == 0
        gone = api("GET", "queryAll", params={"q": "SELECT IsDeleted FROM Tollway_Deal_Milestone__c"}).json()
        assert [one["IsDeleted"] for one in gone["records"]] == [True]
        assert api("GET", f"sobjects/pse__Proj__c/{project}").json()["pse__Opportunity__c"] is None

    await api(act)


async def test_a_deal_follows_its_stage_and_its_products(api):
    """The stage decides what is won and how probable it is; products make the amount."""

    def act(api):
        deal = api.create("Opportunity", **DEAL, Amount=50)
        path = f"sobjects/Opportunity/{deal}"
        assert (api("GET", path).json()["Probability"], api("GET", path).json()["ExpectedRevenue"]) == (10.0, 5.0)
        book = api.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")["records"][0]["Id"]
        product = api.create("Product2", Name="Hours", ProductCode="H", IsActive=True)
        entry = api.create("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=100, IsActive=True)
        line = {"OpportunityId": deal, "PricebookEntryId": entry}
        api.create("OpportunityLineItem", **line, Quantity=3, UnitPrice=90)
        api.create("OpportunityLineItem", **line, Quantity=2, TotalPrice=10)
        assert api("PATCH", path, {"StageName": "Closed Won", "Amount": 1}).status_code == 204
        soql = (
            "SELECT Amount, IsWon, IsClosed, (SELECT UnitPrice, ProductCode FROM OpportunityLineItems) FROM Opportunity"
        )
        (found,) = api.query(soql)["records"]
        assert (found["Amount"], found["IsWon"], found["IsClosed"]) == (280.0, True, True)
        assert [one["UnitPrice"] for one in found["OpportunityLineItems"]["records"]] == [90.0, 5.0]

    await api(act)


async def test_a_timecard_adds_up_its_days(api):
    """The total of a timecard is the sum of its seven days; it cannot be set."""

    def act(api):
        week = {"pse__Start_Date__c": "2026-11-16", "pse__End_Date__c": "2026-11-22", "pse__Status__c": "Saved"}
        card = api.create("pse__Timecard_Header__c", **week, pse__Monday_Hours__c=8, pse__Friday_Hours__c=4.5)
        api("PATCH", f"sobjects/pse__Timecard_Header__c/{card}", {"pse__Status__c": "Submitted"})
        (found,) = api.query("SELECT pse__Total_Hours__c, pse__Status__c FROM pse__Timecard_Header__c")["records"]
        assert (found["pse__Total_Hours__c"], found["pse__Status__c"]) == (12.5, "Submitted")
        body = week | {"pse__Total_Hours__c": 1}
        assert api.error("POST", "sobjects/pse__Timecard_Header__c", body)[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"

    await api(act)


async def test_every_answer_counts_the_calls(api):
    """Sforce-Limit-Info is on answers and on refusals; versions need no session."""

    def act(api):
        assert api("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=1/1000000"
        assert api("GET", "sobjects/Nix").headers["Sforce-Limit-Info"] == "api-usage=2/1000000"
        versions = api.http.get(f"{api.url}/services/data/").json()
        assert {"label": "Winter '26", "url": "/services/data/v65.0", "version": "65.0"} in versions

    await api(act)


async def test_a_throttled_org_answers_403(app, api):
    """The daily limit is a 403 with its own code, trouble on the platform's side a 503."""
    app.set(Fault(kind="throttle", path="/sobjects", times=1), Fault(kind="error", path="/limits", times=1))

    def act(api):
        assert api.error("GET", "sobjects/Account")[:2] == (403, "REQUEST_LIMIT_EXCEEDED")
        assert api.error("GET", "limits")[:2] == (503, "SERVER_UNAVAILABLE")

    await api(act)


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)

    def __call__(self):
        return self.now


async def test_an_idle_session_ends():
    """A session lives on while it is used, and ends when it was not used for its time-out."""
    clock = Clock()
    sandbox = create_sandbox(State(), session_seconds=600, clock=clock)
    async with serve(sandbox) as address:
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}

        def call(act):
            return asyncio.to_thread(act)

        token = (await call(lambda: requests.post(f"{address.url}/services/oauth2/token", data=form, timeout=5))).json()
        assert "expires_in" not in token
        assert token["instance_url"] == address.url
        headers = {"Authorization": f"Bearer {token['access_token']}"}

        def limits():
            return requests.get(f"{address.url}/services/data/v60.0/limits", headers=headers, timeout=5)

        statuses = []
        for minutes in (6, 6, 11):
            clock.now += dt.timedelta(minutes=minutes)
            statuses.append((await call(limits)).status_code)
        assert statuses == [200, 200, 401]
        assert (await call(limits)).json() == [
            {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
        ]


async def test_an_assertion_logs_in():
    """A signed assertion is worth a token when its key, issuer and audience are right, and refused otherwise."""

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = RSAKey.import_key(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    claims = {"iss": "sandbox", "sub": "sandbox", "aud": "https://login.salesforce.com", "exp": 4102444800}

    def ask(url, changes):
        assertion = jwt.encode({"alg": "RS256"}, claims | changes, private)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return requests.post(f"{url}/services/oauth2/token", data=form, timeout=5)

    async with serve(create_sandbox(State(), public_key=public.decode())) as address:
        assert (await asyncio.to_thread(ask, address.url, {})).status_code == 200
        for changes, error in (
            ({"aud": "https://example.com"}, "audience is invalid"),
            ({"iss": "other"}, "client identifier invalid"),
        ):
            answer = await asyncio.to_thread(ask, address.url, changes)
            assert (answer.status_code, answer.json()["error_description"]) == (400, error)


async def test_a_flow_hears_of_every_committed_change(tmp_path):
    """The flow sees the record before and after; what was rolled back it never hears of; restarts keep the state."""

    heard = []
    state = State(tmp_path / "org.sqlite")
    sandbox = create_sandbox(state, on_change=lambda name, before, after: heard.append((name, before, after)))

    def work(url):
        session = requests.Session()
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
        token = session.post(f"{url}/services/oauth2/token", data=form, timeout=5).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        root = f"{url}/services/data/v60.0"
        made = session.post(f"{root}/sobjects/Opportunity", json=DEAL, timeout=5).json()["id"]
        session.patch(f"{root}/sobjects/Opportunity/{made}", json={"StageName": "Closed Won"}, timeout=5)
        records = [{"attributes": {"type": "Account"}, "Name": "x"}, {"attributes": {"type": "Account"}}]
        session.post(f"{root}/composite/sobjects", json={"allOrNone": True, "records": records}, timeout=5)
        session.close()

    async with serve(sandbox) as address:
        await asyncio.to_thread(work, address.url)
    state.close()
    (created, won) = heard
    assert (created[0], created[1], created[2]["IsWon"]) == ("Opportunity", None, False)
    assert (won[1]["IsWon"], won[2]["IsWon"]) == (False, True)
    reopened = State(tmp_path / "org.sqlite")
    create_sandbox(reopened)
    assert [one["StageName"] for one in reopened.all("Opportunity").values()] == ["Closed Won"]
    assert len(reopened.all("User")) == 1


def test_sandboxes_that_share_a_folder_share_a_certificate(tmp_path):
    """Starting a second one leaves the first one's certificate, which its clients trust, as it is."""
    first = kept_certificate(tmp_path)[0].read_bytes()
    assert kept_certificate(tmp_path)[0].read_bytes() == first
