"""The sandbox's event bus keeps to the Pub/Sub API, for a client that others wrote and for ours."""

import asyncio
import datetime as dt
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fastavro
import grpc
import pytest

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.pubsub import messages
from system_apis.salesforce_platform.pubsub.changes import changed_fields
from system_apis.salesforce_platform.sandbox import EventOptions, create_sandbox
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.sandboxes import State, serve

SCRIPT = Path(__file__).parents[2] / "foreign_clients" / "pubsub.mjs"
TOPIC = "/data/OpportunityChangeEvent"
LOST = "sfdc.platform.eventbus.grpc.subscription.fetch.replayid"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


class Subscriber:
    """A caller of the sandbox's bus that sees bare messages."""

    def __init__(self, org: OrgClient, url: str, port: int) -> None:
        self.org = org
        self.url = url
        self.port = port
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)])

    async def metadata(self) -> list[tuple[str, str]]:
        session = await self.org.session()
        return [
            ("accesstoken", session.access_token),
            ("instanceurl", session.instance_url),
            ("tenantid", session.organization_id),
        ]

    async def subscribe(self, *requests: Any) -> Any:
        method = self._channel.stream_stream(
            "/eventbus.v1.PubSub/Subscribe",
            request_serializer=messages.FetchRequest.SerializeToString,
            response_deserializer=messages.FetchResponse.FromString,
        )
        call = method(metadata=await self.metadata())
        for request in requests:
            await call.write(request)
        return call

    async def ask(self, name: str, request: Any, answer: Any, metadata: Any = None) -> Any:
        method = self._channel.unary_unary(
            f"/eventbus.v1.PubSub/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        return await method(request, metadata=await self.metadata() if metadata is None else metadata)

    async def decoded(self, event: Any) -> tuple[dict[str, Any], list[str]]:
        """An event's values, and the fields of its schema."""
        asked = messages.SchemaRequest(schema_id=event.event.schema_id)
        told = await self.ask("GetSchema", asked, messages.SchemaInfo)
        schema = json.loads(told.schema_json)
        values = fastavro.schemaless_reader(io.BytesIO(event.event.payload), fastavro.parse_schema(schema), None)
        return values, [field["name"] for field in schema["fields"]]

    async def deal(self, **values: Any) -> str:
        facts = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
        return await self.org.create("Opportunity", facts | values)

    async def close(self) -> None:
        await self._channel.close()
        await self.org.close()


@asynccontextmanager
async def served(state: State, port: int, **options: Any) -> AsyncIterator[Subscriber]:
    """A sandbox with a bus over the state."""
    clock = options.pop("clock", lambda: dt.datetime.now(dt.UTC))
    sandbox = create_sandbox(state, clock=clock, events=EventOptions(port=port, **options))
    async with serve(sandbox) as address:
        settings = OrgSettings(url=address.url, client_id="sandbox", client_secret="sandbox")
        subscriber = Subscriber(OrgClient(settings), address.url, port)
        yield subscriber
        await subscriber.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bus(clock: Clock, free_port: Callable[[], int]) -> AsyncIterator[Subscriber]:
    async with served(State(), free_port(), clock=clock, keep_alive=0.3) as subscriber:
        yield subscriber


def _first(**values: Any) -> Any:
    return messages.FetchRequest(**{"topic_name": TOPIC, "num_requested": 10} | values)


async def _code(call: Any) -> tuple[grpc.StatusCode, str]:
    """The status and the platform's code with which a call ends."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), dict(caught.value.trailing_metadata() or ()).get("error-code", "")


async def _foreign(node: str, bus: Subscriber, count: int, *replay_id: Any) -> Any:
    """What the client of others makes of so many events."""
    arguments = [bus.url, f"127.0.0.1:{bus.port}", str(count), *map(str, replay_id)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(node, str(SCRIPT), *arguments, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def test_a_client_of_others_reads_changes_and_goes_on(certificate, node, free_port):
    """A client that others wrote, with the platform's own protocol file, reads changes and resumes at a replay id."""
    async with served(State(), free_port(), certificate=certificate) as bus:
        deal = await bus.deal(Amount=1000.5)
        await bus.org.update("Opportunity", deal, {"StageName": "Closed Won", "Description": "Won it"})
        created, updated = await _foreign(node, bus, 2)
        (again,) = await _foreign(node, bus, 1, created["replayId"])
    assert created["payload"]["ChangeEventHeader"]["changeType"] == "CREATE"
    assert created["payload"]["ChangeEventHeader"]["recordIds"] == [deal]
    assert created["payload"]["Amount"] == 1000.5
    assert created["payload"]["ChangeEventHeader"]["changedFields"] == []
    header = updated["payload"]["ChangeEventHeader"]
    assert header["changeType"] == "UPDATE"
    assert {"StageName", "IsWon", "Description"} <= set(header["changedFields"])
    assert "Amount" not in header["changedFields"]
    assert updated["payload"]["StageName"] == "Closed Won"
    assert updated["payload"]["Amount"] is None
    assert again == updated


async def test_a_deletion_tells_of_the_record_alone(bus: Subscriber):
    """The event of a deletion names the record and has no fields."""
    deal = await bus.deal()
    await bus.org.send("DELETE", f"{bus.org.root}/sobjects/Opportunity/{deal}", "Opportunity")
    call = await bus.subscribe(_first(replay_preset=messages.EARLIEST))
    events = (await call.read()).events
    values, _ = await bus.decoded(events[-1])
    header = values.pop("ChangeEventHeader")
    assert (header["changeType"], header["recordIds"], header["changedFields"]) == ("DELETE", [deal], [])
    assert not any(values.values())


async def test_what_is_rolled_back_is_not_told(bus: Subscriber):
    """A transaction that fails as a whole publishes nothing."""
    body = {
        "allOrNone": True,
        "records": [
            {"attributes": {"type": "Opportunity"}, "Name": "A", "StageName": "Prospecting", "CloseDate": "2026-12-31"},
            {"attributes": {"type": "Opportunity"}, "Name": "B"},
        ],
    }
    await bus.org.send("POST", f"{bus.org.root}/composite/sobjects", "Opportunity", body=body)
    call = await bus.subscribe(_first(replay_preset=messages.EARLIEST))
    assert list((await call.read()).events) == []


async def test_as_many_events_are_delivered_as_were_asked_for(bus: Subscriber):
    """A subscriber gets no more events than it asked for, and the rest when it asks again."""
    for _ in range(5):
        await bus.deal()
    call = await bus.subscribe(_first(replay_preset=messages.EARLIEST, num_requested=3))
    response = await call.read()
    assert (len(response.events), response.pending_num_requested) == (3, 0)
    await call.write(messages.FetchRequest(num_requested=3))
    response = await call.read()
    assert (len(response.events), response.pending_num_requested) == (2, 1)


async def test_silence_is_broken_by_a_replay_id(bus: Subscriber):
    """A subscriber without events is told how far the stream is, from where another goes on without loss."""
    call = await bus.subscribe(_first())
    response = await call.read()
    assert list(response.events) == []
    deal = await bus.deal()
    later = await bus.subscribe(_first(replay_preset=messages.CUSTOM, replay_id=response.latest_replay_id))
    values, _ = await bus.decoded((await later.read()).events[0])
    assert values["ChangeEventHeader"]["recordIds"] == [deal]


async def test_events_are_kept_for_three_days(bus: Subscriber, clock: Clock):
    """A replay id is refused once its event is older than 72 hours, and so is one that never was."""
    await bus.deal()
    call = await bus.subscribe(_first(replay_preset=messages.EARLIEST))
    replay_id = (await call.read()).events[0].replay_id
    clock.now += dt.timedelta(hours=71)
    await bus.deal()
    again = await bus.subscribe(_first(replay_preset=messages.CUSTOM, replay_id=replay_id))
    assert len((await again.read()).events) == 1
    clock.now += dt.timedelta(hours=2)
    await bus.org.session(await bus.org.session())
    for unknown in (replay_id, b"never was"):
        call = await bus.subscribe(_first(replay_preset=messages.CUSTOM, replay_id=unknown))
        assert await _code(call.read()) == (grpc.StatusCode.INVALID_ARGUMENT, f"{LOST}.corrupted")


@pytest.mark.parametrize(
    ("first", "then", "code"),
    [
        ({"replay_preset": messages.CUSTOM}, {}, f"{LOST}.validation.failed"),
        ({"num_requested": 0}, {}, "sfdc.platform.eventbus.grpc.subscription.fetch.requested.events.invalid"),
        ({}, {"topic_name": "/data/X"}, "sfdc.platform.eventbus.grpc.subscription.fetch.topic.mismatch"),
    ],
)
async def test_a_wrong_request_ends_the_subscription(bus: Subscriber, first, then, code):
    """What the platform documents as an error is refused with its code."""
    later = [messages.FetchRequest(num_requested=1, **then)] if then else []
    call = await bus.subscribe(_first(**first), *later)
    assert await _code(_all(call)) == (grpc.StatusCode.INVALID_ARGUMENT, code)


async def _all(call: Any) -> None:
    while True:
        await call.read()


async def test_a_caller_needs_a_session_of_this_org(bus: Subscriber):
    """Nothing is told without the three headers, after a session, or to another org."""
    headers = dict(await bus.metadata())
    asked = messages.TopicRequest(topic_name=TOPIC)
    ended = {"accesstoken": "no session", "tenantid": headers["tenantid"][:15], "instanceurl": ""}
    for name, value in ended.items():
        metadata = list((headers | {name: value}).items())
        status, code = await _code(bus.ask("GetTopic", asked, messages.TopicInfo, metadata))
        assert status == grpc.StatusCode.UNAUTHENTICATED
        assert code.startswith("sfdc.platform.eventbus.grpc.service.auth.")


async def test_a_topic_is_known_where_its_object_is_selected(bus: Subscriber):
    """An object that is not selected for Change Data Capture has no topic."""
    told = await bus.ask("GetTopic", messages.TopicRequest(topic_name=TOPIC), messages.TopicInfo)
    assert (told.topic_name, told.can_subscribe) == (TOPIC, True)
    other = bus.ask("GetTopic", messages.TopicRequest(topic_name="/data/AccountChangeEvent"), messages.TopicInfo)
    assert await _code(other) == (grpc.StatusCode.NOT_FOUND, "sfdc.platform.eventbus.grpc.topic.not.found")


async def test_bitmaps_name_fields_by_their_places(bus: Subscriber):
    """The fields that an event says have changed are those that were, read by the schema it was written by."""
    deal = await bus.deal(Description="Something")
    await bus.org.update("Opportunity", deal, {"NextStep": "Call", "Description": None})
    call = await bus.subscribe(_first(replay_preset=messages.EARLIEST))
    values, fields = await bus.decoded((await call.read()).events[-1])
    header = values["ChangeEventHeader"]
    assert changed_fields(header["changedFields"], fields) >= {"NextStep", "Description"}
    assert changed_fields(header["nulledFields"], fields) == {"Description"}


def test_bitmaps_of_compound_fields_name_the_whole():
    """A bitmap behind a place is of that field's parts, which count as the field."""
    assert changed_fields(["0x06", "4-0x10"], "abcdef") == {"b", "c", "e"}
