"""The events API through the gateway: subscriptions of one's own, and the log by pages and as a stream."""

import asyncio
import datetime as dt
import json

import httpx
import pytest
from sqlalchemy import delete

from tollway.storage.tables import idempotency_keys

HOOK = "https://8.8.8.8/hook"


async def test_a_client_sees_and_manages_its_own_subscriptions(client, tell):
    """From making to deleting; to another client nothing of it is there."""
    partner, rival = await client("partner"), await client("rival")
    made = (
        await partner.post("/events/v1/subscriptions", json={"name": "all", "channel": "webhook", "url": HOOK})
    ).json()
    place = f"/events/v1/subscriptions/{made['id']}"
    assert (await partner.get("/events/v1/subscriptions")).json() == [made]
    assert (await rival.get("/events/v1/subscriptions")).json() == []
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("GET", "/secret"),
        ("POST", "/secret/rotation"),
    ):
        assert (await rival.request(method, place + path)).status_code == 404
    assert (await partner.post(f"{place}/pause")).json()["status"] == "paused"
    assert (await partner.get("/events/v1/subscriptions", params={"status": "active"})).json() == []
    assert (await partner.post(f"{place}/resumption")).json()["status"] == "active"
    first = (await partner.get(f"{place}/secret")).json()["secret"]
    assert (await partner.post(f"{place}/secret/rotation")).is_success
    assert (await partner.get(f"{place}/secret")).json()["secret"] != first
    assert (await partner.delete(place)).status_code == 204
    assert (await partner.get(place)).status_code == 404


async def test_a_request_that_is_carried_out_again_changes_nothing_more(client, database):
    """When the gateway does not know what came of a request its repetition finds the subscription, and the secret."""
    partner = await client("partner")

    async def repeated(path: str, key: str, **order: object) -> list[httpx.Response]:
        answers = []
        for _ in range(2):
            answers.append(await partner.post(path, headers={"idempotency-key": key}, **order))
            async with database.transaction() as connection:
                await connection.execute(delete(idempotency_keys))  # as if it had died before it noted the answer
        return answers

    order = {"name": "all", "channel": "webhook", "url": HOOK}
    first, again = await repeated("/events/v1/subscriptions", '"one"', json=order)
    assert (first.status_code, again.json()) == (201, first.json())
    await repeated("/events/v1/subscriptions", '"two"', json=order)
    assert len((await partner.get("/events/v1/subscriptions")).json()) == 2
    place = f"/events/v1/subscriptions/{first.json()['id']}/secret"
    before = (await partner.get(place)).json()["secret"]
    await partner.post(f"{place}/rotation", headers={"idempotency-key": '"three"'})
    rotated = (await partner.get(place)).json()["secret"]
    await repeated(f"{place}/rotation", '"three"')
    assert (await partner.get(place)).json()["secret"] == rotated != before
    await repeated(f"{place}/rotation", '"four"')
    assert (await partner.get(place)).json()["secret"] not in (rotated, before)


async def test_who_may_only_read_changes_nothing(client):
    """The scope for reading makes no subscription and shows no secret."""
    reader = await client("reader")
    assert (await reader.get("/events/v1/subscriptions")).is_success
    order = {"name": "all", "channel": "webhook", "url": HOOK}
    assert (await reader.post("/events/v1/subscriptions", json=order)).status_code == 403
    assert (await reader.get("/events/v1/subscriptions/SUB-1/secret")).status_code == 403


@pytest.mark.parametrize(
    "order",
    [
        {"channel": "webhook", "url": "https://127.0.0.1/hook"},
        {"channel": "webhook", "url": "http://8.8.8.8/hook"},
        {"channel": "webhook"},
        {"channel": "redis_stream"},
        {"channel": "webhook", "url": HOOK, "types": ["no.such.type"]},
    ],
)
async def test_what_cannot_be_delivered_is_refused(client, order):
    """An address inside, plain http, no address, no Redis and an unknown type are told at once, in a problem."""
    answer = await (await client("partner")).post("/events/v1/subscriptions", json={"name": "x"} | order)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_replay_is_asked_for_by_moment_or_event(client, tell):
    """Either puts the subscription back, both or none is refused."""
    partner = await client("partner")
    await tell("a", "b", "c")
    made = (
        await partner.post("/events/v1/subscriptions", json={"name": "x", "channel": "webhook", "url": HOOK})
    ).json()
    assert made["position"] == 3
    place = f"/events/v1/subscriptions/{made['id']}/replay"
    events = (await partner.get("/events/v1/events", params={"after": 0})).json()["items"]
    by_event = await partner.post(place, json={"after_event": events[1]["id"]})
    assert by_event.json()["position"] == 2
    assert (await partner.post(place, json={"since": events[0]["time"]})).json()["position"] == 0
    for wrong in ({}, {"since": events[0]["time"], "after_event": events[1]["id"]}):
        assert (await partner.post(place, json=wrong)).status_code == 422
    assert (await partner.post(place, json={"after_event": "nothing"})).status_code == 404


async def test_the_log_is_read_by_pages(client, tell):
    """A reader goes on where the last page ended, and may ask for some types only."""
    partner = await client("partner")
    await tell("a", "b", "c")
    page = (await partner.get("/events/v1/events", params={"after": 0, "limit": 2})).json()
    assert [event["data"]["process_id"] for event in page["items"]] == ["a", "b"]
    assert page["more"]
    page = (await partner.get("/events/v1/events", params={"after": page["after"]})).json()
    assert [event["data"]["process_id"] for event in page["items"]] == ["c"]
    asked = {"after": 0, "type": ["tollway.invoice.posted.v1", "tollway.process.finished.v1"]}
    assert len((await partner.get("/events/v1/events", params=asked)).json()["items"]) == 3
    asked["type"] = ["tollway.invoice.posted.v1"]
    assert (await partner.get("/events/v1/events", params=asked)).json()["items"] == []
    one = (await partner.get(f"/events/v1/events/{page['items'][0]['id']}")).json()
    assert one == page["items"][0]


async def read(answer: httpx.Response, count: int) -> list[tuple[str, dict]]:
    """The ids and events of a stream, until there are so many or it ends."""
    found: list[tuple[str, dict]] = []
    place = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        place = value if name == "id" else place
        if name == "data":
            found.append((place, json.loads(value)))
            if len(found) == count:
                break
    return found


async def test_a_stream_tells_what_happens_as_it_happens(client, tell):
    """Server-sent events come through the gateway while they are made, and a reader that comes again misses none."""
    partner = await client("partner")
    await tell("before")
    async with partner.stream("GET", "/events/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        reading = asyncio.create_task(read(answer, 2))
        await asyncio.sleep(0.5)
        await tell("a", "b")
        (_, first), (place, second) = await asyncio.wait_for(reading, 20)
    assert (first["data"]["process_id"], second["data"]["process_id"]) == ("a", "b")
    await tell("meanwhile")
    async with partner.stream("GET", "/events/v1/stream", headers={"last-event-id": place}) as answer:
        ((_, third),) = await asyncio.wait_for(read(answer, 1), 20)
    assert third["data"]["process_id"] == "meanwhile"


async def test_who_has_no_place_yet_reads_from_a_moment_on(client, tell):
    """By pages and as a stream; a place that is known counts for more than the moment that the reader began with."""
    partner = await client("partner")
    await tell("long ago")
    await asyncio.sleep(0.01)
    since = {"since": dt.datetime.now(dt.UTC).isoformat()}
    await tell("a", "b")
    page = (await partner.get("/events/v1/events", params=since)).json()
    assert [event["data"]["process_id"] for event in page["items"]] == ["a", "b"]
    async with partner.stream("GET", "/events/v1/stream", params=since) as answer:
        (place, first), (_, second) = await asyncio.wait_for(read(answer, 2), 20)
    assert (first["data"]["process_id"], second["data"]["process_id"]) == ("a", "b")
    async with partner.stream("GET", "/events/v1/stream", params=since, headers={"last-event-id": place}) as answer:
        ((_, again),) = await asyncio.wait_for(read(answer, 1), 20)
    assert again["data"]["process_id"] == "b"
    assert (await partner.get("/events/v1/stream", params={"since": "yesterday"})).status_code == 422


async def test_a_stream_ends_after_its_time(client, tell):
    """So that a token that is not good any more does not read on for ever; what was asked for is filtered."""
    partner = await client("partner")
    await tell("a")
    asked = {"after": 0, "type": "tollway.invoice.posted.v1"}
    async with partner.stream("GET", "/events/v1/stream", params=asked) as answer:
        lines = [line async for line in answer.aiter_lines()]
    assert lines[0] == "retry: 2000"
    assert ": here" in lines
    assert not any(line.startswith("data") for line in lines)


async def test_the_document_of_all_events_is_shown(gateway_url):
    """The schema that an event names is where it says."""
    async with httpx.AsyncClient(base_url=gateway_url) as http:
        document = (await http.get("/openapi/events.v1.asyncapi.json")).raise_for_status().json()
    assert document["asyncapi"] == "3.0.0"
    assert "ProcessFacts" in document["components"]["schemas"]
