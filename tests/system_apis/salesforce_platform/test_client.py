"""The org's client against a served sandbox, and against scripted answers that the sandbox never gives."""

import asyncio
import re
from collections.abc import Callable

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from system_apis.salesforce_platform import batches
from system_apis.salesforce_platform.batches import RecordResult, Subrequest, composite, require, update_all
from system_apis.salesforce_platform.client import ApiUsage, OrgClient
from system_apis.salesforce_platform.errors import MEANINGS, RecordError, failure, label, refusal
from system_apis.salesforce_platform.rows import Page, listed
from system_apis.salesforce_platform.sandbox import create_sandbox
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.problems import (
    ContractDrift,
    NotFound,
    Rejected,
    StartupError,
    Throttled,
    Unavailable,
    UnknownOutcome,
)
from tollway.sandboxes import Fault, State, serve


class Named(msgspec.Struct):
    Id: str
    Name: str


class Family(msgspec.Struct):
    Id: str
    Contacts: Page[Named] | None


class Reply(msgspec.Struct):
    """An answer of the scripted platform; a body of bytes goes out as it is."""

    body: object
    status: int = 200


class Script:
    """A platform that answers what the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.logins = 0
        self.answer: Callable[[str, object], Reply] = lambda _path, _body: Reply(b"", 204)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        content = b""
        while (message := await receive()).get("more_body"):
            content += message["body"]
        reply = self._reply(scope, content + message["body"])
        body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": reply.status, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    def _reply(self, scope, content: bytes) -> Reply:
        if scope["path"].endswith("/oauth2/token"):
            self.logins += 1
            host, port = scope["server"]
            return Reply({"access_token": str(self.logins), "instance_url": f"http://{host}:{port}"})
        self.asked.append((scope["path"].partition("/v62.0/")[2], msgspec.json.decode(content) if content else None))
        return self.answer(*self.asked[-1])


@pytest.fixture
async def script():
    """A scripted platform and a client of it."""
    script = Script()
    async with serve(script) as address:
        script.org = OrgClient(OrgSettings(url=address.url, client_id="a", client_secret="b"))
        yield script
        await script.org.close()


@pytest.fixture
def impatient(monkeypatch):
    """No pause between the attempts for locked records."""
    monkeypatch.setattr(batches, "LOCK_PAUSES", (0, 0, 0))


async def test_many_callers_share_one_login(salesforce):
    """Callers who find no session wait for the same login."""
    await asyncio.gather(*(salesforce.org.check() for _ in range(20)))
    assert salesforce.sandbox.calls["POST /services/oauth2/token"] == 1


async def test_an_ended_session_is_renewed_once_for_all_who_meet_it(salesforce):
    """When a session ends in the middle of many calls, one login serves them all and every call succeeds."""
    await salesforce.org.check()
    salesforce.sandbox.set(Fault(kind="error", status=401, path="/services/data", times=10))
    await asyncio.gather(*(salesforce.org.create("Account", {"Name": f"A{number}"}) for number in range(10)))
    assert salesforce.sandbox.calls["POST /services/oauth2/token"] == 2
    names = [row.Name async for row in salesforce.org.query("SELECT Id, Name FROM Account", Named, "Account")]
    assert len(names) == 10


async def test_a_session_that_expires_is_renewed(script):
    """The platform's own expiry is met like any ended session; a second one in a row is given up."""
    expired = Reply([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], 401)
    script.answer = lambda _path, _body: expired if len(script.asked) == 1 else Reply({"id": "1"})
    assert await script.org.create("Account", {"Name": "A"}) == "1"
    script.answer = lambda _path, _body: expired
    with pytest.raises(Unavailable):
        await script.org.create("Account", {"Name": "A"})
    assert script.logins == 3


async def test_the_assertion_of_a_private_key_opens_a_session(tmp_path):
    """The JWT bearer flow needs no secret, only the key whose public half the org trusts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path / "key.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    async with serve(create_sandbox(State(), public_key=public.decode())) as address:
        org = OrgClient(
            OrgSettings(url=address.url, client_id="sandbox", private_key=str(file), username="integration@example.com")
        )
        assert address.url in await org.check()
        await org.close()


def test_a_private_key_that_cannot_be_read_is_named():
    """A wrong file keeps the adapter from starting."""
    with pytest.raises(StartupError, match=r"private_key names no readable RSA key: nowhere\.pem"):
        OrgClient(OrgSettings(client_id="a", private_key="nowhere.pem", username="u"))


async def test_refused_credentials_change_nothing(salesforce):
    """A refused login is not the caller's fault, and what it was for can be repeated later."""
    org = OrgClient(OrgSettings(url=salesforce.url, client_id="sandbox", client_secret="wrong"))
    with pytest.raises(Unavailable, match="check the connection's credentials") as caught:
        await org.create("Account", {"Name": "A"})
    assert caught.value.retry_after == 300
    assert "wrong" not in caught.value.detail
    await org.close()


async def test_the_calls_that_the_org_counts_are_known(salesforce):
    """The last answer's usage of the daily limit is kept."""
    assert salesforce.org.usage is None
    await salesforce.org.check()
    assert salesforce.org.usage == ApiUsage(used=1, allowed=1_000_000)


async def test_records_live_by_id_and_by_external_id(salesforce):
    """A record is created, changed, found and upserted; an external id may hold any text."""
    org = salesforce.org
    account = await org.create("Account", {"Name": "A"})
    await org.update("Account", account, {"Name": "B"})
    assert (await org.get("Account", account, Named, ["Id", "Name"])).Name == "B"
    first = await org.upsert("Account", "Tollway_External_Id__c", "a/b?c=d e", {"Name": "C"})
    again = await org.upsert("Account", "Tollway_External_Id__c", "a/b?c=d e", {"Name": "D"})
    assert (first.created, again.created, first.id == again.id) == (True, False, True)
    with pytest.raises(NotFound):
        await org.get("Account", "001ak0000000999AAA", Named, ["Id", "Name"])


async def test_a_query_is_read_to_its_end(salesforce):
    """More records than a page holds come page by page."""
    org = salesforce.org
    for start in range(0, 2100, 200):
        records = [
            {"attributes": {"type": "Account"}, "Name": f"A{number}"} for number in range(start, min(start + 200, 2100))
        ]
        await org.send("POST", f"{org.root}/composite/sobjects", "Account", body={"records": records})
    salesforce.calls()
    names = {row.Name async for row in org.query("SELECT Id, Name FROM Account", Named, "Account")}
    assert names == {f"A{number}" for number in range(2100)}
    assert len(salesforce.calls()) == 2


async def test_children_are_read_to_their_end(script):
    """Children that a query answers only in part are fetched before the record is handed out."""

    def page(path: str, _body: object) -> Reply:
        if path == "query/0r8-1":
            return Reply({"totalSize": 2, "done": True, "records": [{"Id": "c2", "Name": "B"}]})
        children = {
            "totalSize": 2,
            "done": False,
            "nextRecordsUrl": "/services/data/v62.0/query/0r8-1",
            "records": [{"Id": "c1", "Name": "A"}],
        }
        return Reply({"totalSize": 1, "done": True, "records": [{"Id": "p", "Contacts": children}]})

    script.answer = page
    row = await script.org.first("SELECT ...", Family, "Account")
    assert row is not None
    assert [child.Name for child in listed(row.Contacts)] == ["A", "B"]


async def test_only_the_locked_records_of_a_collection_are_sent_again(script, impatient):
    """Records that somebody else is saving are tried again by themselves, in their places."""
    tries: dict[str, int] = {}

    def collection(_path: str, body: object) -> Reply:
        results = []
        for record in body["records"]:
            name = record["id"]
            tries[name] = tries.get(name, 0) + 1
            busy = name == "busy" and tries[name] < 3
            error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access", "fields": []}
            results.append({"id": name, "success": not busy, "errors": [error] if busy else []})
        return Reply(results)

    script.answer = collection
    results = await update_all(script.org, "Account", {"free": {"Name": "A"}, "busy": {"Name": "B"}})
    assert [(result.id, result.success) for result in results] == [("free", True), ("busy", True)]
    assert tries == {"free": 1, "busy": 3}


async def test_records_that_stay_locked_throttle(script, impatient):
    """A lock that outlasts the attempts may be repeated soon."""
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "", "fields": []}]}
    script.answer = lambda _path, body: Reply([locked] * len(body["records"]))
    results = await update_all(script.org, "pse__Timecard_Header__c", {"a": {}})
    with pytest.raises(Throttled, match="saving the same timecard") as caught:
        require("pse__Timecard_Header__c", results)
    assert caught.value.retry_after == 2


async def test_a_collection_takes_two_hundred_records_a_call(script):
    """More records than a collection holds are spread over several calls."""
    script.answer = lambda _path, body: Reply(
        [{"id": one["id"], "success": True, "errors": []} for one in body["records"]]
    )
    results = await update_all(script.org, "Account", {str(number): {} for number in range(450)})
    assert [result.id for result in results] == [str(number) for number in range(450)]
    assert [len(body["records"]) for _, body in script.asked] == [200, 200, 50]


def test_every_different_refusal_of_a_collection_is_told_once():
    """The words of all failed records are joined, each once."""
    missing = RecordResult(success=False, errors=[RecordError("REQUIRED_FIELD_MISSING", ["pse__Target_Date__c"])])
    long = RecordResult(success=False, errors=[RecordError("STRING_TOO_LONG", ["Name"])])
    with pytest.raises(Rejected) as caught:
        require("pse__Milestone__c", [missing, RecordResult(success=True), long, missing])
    assert caught.value.detail == (
        "The milestone needs a value in target date. The milestone has a text that is too long for name."
    )


async def test_a_composite_call_carries_at_most_25_requests(script):
    """A call that the platform would refuse is not sent."""
    one = Subrequest(method="GET", url="/", reference_id="a")
    with pytest.raises(ValueError, match="at most 25"):
        await composite(script.org, [one] * 26, ["Account"] * 26)
    assert script.asked == []


@pytest.mark.parametrize(
    ("status", "content", "of_a_read", "of_a_write"),
    [
        (400, b"<html>", ContractDrift, UnknownOutcome),
        (400, b"{}", ContractDrift, UnknownOutcome),
        (400, b"[]", ContractDrift, UnknownOutcome),
        (400, b'[{"message":"secret","errorCode":"MALFORMED_QUERY"}]', ContractDrift, Rejected),
        (400, b'[{"message":"secret","errorCode":"UNABLE_TO_LOCK_ROW"}]', Throttled, Throttled),
        (404, b'[{"message":"secret","errorCode":"NOT_FOUND"}]', NotFound, NotFound),
        (404, b'[{"message":"secret","errorCode":"ENTITY_IS_DELETED","fields":[]}]', NotFound, NotFound),
        (429, b"", Throttled, Throttled),
        (500, b'[{"message":"secret","errorCode":"UNKNOWN_EXCEPTION"}]', Unavailable, UnknownOutcome),
        (200, b'{"records":[{"Id":1,"Name":"A"}],"done":true}', ContractDrift, UnknownOutcome),
        (200, b"", ContractDrift, UnknownOutcome),
    ],
)
async def test_what_an_answer_means(script, status, content, of_a_read, of_a_write):
    """Every kind of failed or broken answer is a problem of ours, which never quotes the platform."""
    script.answer = lambda _path, _body: Reply(content, status)
    with pytest.raises(of_a_read) as read:
        await script.org.first("SELECT Id, Name FROM Account", Named, "Account")
    with pytest.raises(of_a_write) as written:
        await script.org.create("Account", {"Name": "A"})
    for caught in (read, written):
        assert "secret" not in caught.value.detail


async def test_an_external_id_that_several_have_is_refused(script):
    """The platform's choice between several records is a refusal, not an answer."""
    script.answer = lambda _path, _body: Reply(["/a", "/b"], 300)
    with pytest.raises(Rejected, match="More than one project is marked as PRJ-1"):
        await script.org.upsert("pse__Proj__c", "Tollway_External_Id__c", "PRJ-1", {})


@pytest.mark.parametrize("code", [*MEANINGS, "SOME_NEW_CODE"])
def test_every_code_has_words_for_people(code):
    """A refusal reads as a sentence about the object, without API names and unfilled places."""
    detail = refusal("pse__Timecard_Header__c", [RecordError(code, ["pse__Target_Date__c"])]).detail
    assert detail.endswith(".")
    assert not re.search(r"__|[{}]", detail)


def test_names_as_people_read_them():
    """API names lose what only software needs."""
    names = ("pse__Proj__c", "Tollway_Start_Date__c", "OpportunityLineItem", "Tollway_Deal_Milestone__c")
    assert [label(name) for name in names] == ["project", "start date", "opportunity line item", "deal milestone"]


def test_a_platform_that_names_its_pause_is_heard():
    """`Retry-After` counts where it is sent."""

    problem = failure(httpx.Response(503, headers={"retry-after": "17"}), "Account", safe=True)
    assert (type(problem), problem.retry_after) == (Unavailable, 17)
