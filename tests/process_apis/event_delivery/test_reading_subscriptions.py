"""Subscriptions that their subscriber reads as server-sent events: what was had, pauses, replays and strangers."""

import asyncio

import httpx

SSE = {"name": "desk screen", "channel": "server_sent_events"}
SUBSCRIPTIONS = "/events/v1/subscriptions"


async def subscribe(partner: httpx.AsyncClient, **order: object) -> str:
    """The address of a new subscription."""
    made = (await partner.post(SUBSCRIPTIONS, json=SSE | order)).raise_for_status().json()
    return f"{SUBSCRIPTIONS}/{made['id']}"


async def told(partner: httpx.AsyncClient, place: str, last: str = "", count: int = 1) -> list[tuple[str, str]]:
    """The ids and processes of the next events, for somebody who comes with the id of the last one."""
    headers = {"last-event-id": last} if last else {}
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(10), partner.stream("GET", f"{place}/stream", headers=headers) as answer:
        assert answer.status_code == 200
        event_id = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            event_id = value if name == "id" else event_id
            if name == "data":
                found.append((event_id, value.split('"process_id":"')[1].split('"')[0]))
                if len(found) == count:
                    break
    return found


async def position(partner: httpx.AsyncClient, place: str) -> int:
    """Up to where the reader is known to have everything."""
    return (await partner.get(place)).json()["position"]


async def test_a_reader_goes_on_where_it_got_to(client, tell):
    """Whoever has no place gets what nobody said to have; whoever comes with an id says by it what it has."""
    partner = await client("partner")
    await tell("before")
    place = await subscribe(partner)
    await tell("a", "b")
    (_, a), (last, b) = await told(partner, place, count=2)
    assert (a, b) == ("a", "b")
    assert await position(partner, place) == 1
    assert [key for _, key in await told(partner, place, count=2)] == ["a", "b"]  # the reader lost its memory
    await tell("c")
    assert [key for _, key in await told(partner, place, last)] == ["c"]
    assert await position(partner, place) == 3
    assert [key for _, key in await told(partner, place)] == ["c"]  # b was had, of c that was never said


async def test_a_quiet_stream_says_how_far_it_looked(client, tell):
    """What is not for a subscription is not looked through again, and does not keep the log from forgetting."""
    partner = await client("partner")
    place = await subscribe(partner, types=["tollway.invoice.posted.v1"])
    await tell("a", "b")
    async with partner.stream("GET", f"{place}/stream") as answer:
        lines = [line async for line in answer.aiter_lines()]
    assert "id: 0-2" in lines
    assert not any(line.startswith("data") for line in lines)
    async with partner.stream("GET", f"{place}/stream", headers={"last-event-id": "0-2"}):
        assert await position(partner, place) == 2


async def test_a_paused_subscription_is_quiet(client, tell):
    """Nothing comes while it is paused, everything once it is resumed, also in a stream that was open all the time."""
    partner = await client("partner")
    place = await subscribe(partner)
    assert (await partner.post(f"{place}/pause")).json()["status"] == "paused"
    await tell("a")
    reading = asyncio.create_task(told(partner, place))
    await asyncio.sleep(1)
    assert not reading.done()
    await partner.post(f"{place}/resumption")
    done, _ = await asyncio.wait([reading], timeout=2.5)
    keys = reading.result() if done else await told(partner, place)
    assert [key for _, key in keys] == ["a"]


async def test_what_happens_after_a_pause_waits_for_the_resumption(client, tell):
    """Also in a stream that was waiting for it when the subscription was paused."""
    partner = await client("partner")
    place = await subscribe(partner)
    reading = asyncio.create_task(told(partner, place))
    await asyncio.sleep(1)
    await partner.post(f"{place}/pause")
    await tell("a")
    await asyncio.wait([reading], timeout=1.5)
    assert not reading.done()
    reading.cancel()
    await partner.post(f"{place}/resumption")
    assert [key for _, key in await told(partner, place)] == ["a"]


async def test_a_replay_puts_an_open_stream_back(client, tell):
    """The events come again in the stream that is open, and ids of before the replay count for nothing."""
    partner = await client("partner")
    place = await subscribe(partner)
    await tell("a", "b")
    old = (await told(partner, place, count=2))[-1][0]
    assert [key for _, key in await _replayed_meanwhile(partner, place, old, tell)] == ["c", "b"]
    await partner.post(f"{place}/replay", json={"since": "2020-01-01T00:00:00Z"})
    assert [key for _, key in await told(partner, place, old)] == ["a"]
    assert await position(partner, place) == 0


async def _replayed_meanwhile(partner: httpx.AsyncClient, place: str, last: str, tell) -> list[tuple[str, str]]:
    """What an open stream brings: something new, and then again what came after the first event."""
    first = (await partner.get("/events/v1/events", params={"after": 0})).json()["items"][0]["id"]
    reading = asyncio.create_task(told(partner, place, last, count=2))
    await asyncio.sleep(0.3)
    await tell("c")
    await asyncio.sleep(0.7)
    await partner.post(f"{place}/replay", json={"after_event": first})
    return await reading


async def test_a_subscription_is_read_by_its_owner_alone(client):
    """To another client it is not there; one that is delivered cannot be read, and an id of elsewhere is refused."""
    partner, rival = await client("partner"), await client("rival")
    place = await subscribe(partner)
    assert (await rival.get(f"{place}/stream")).status_code == 404
    assert (await rival.get(f"{place}/stream", headers={"last-event-id": "0-1"})).status_code == 404
    hook = await subscribe(partner, channel="webhook", url="https://8.8.8.8/hook")
    refused = await partner.get(f"{hook}/stream")
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert "server_sent_events" in refused.json()["detail"]
    assert (await partner.get(f"{place}/stream", headers={"last-event-id": "elsewhere"})).status_code == 422
    with_url = SSE | {"url": "https://8.8.8.8/hook"}
    assert (await partner.post(SUBSCRIPTIONS, json=with_url)).status_code == 422


async def test_a_place_that_nobody_reached_moves_nothing(client, tell):
    """An id beyond the log's end would have events skipped that are still to come."""
    partner = await client("partner")
    place = await subscribe(partner)
    async with partner.stream("GET", f"{place}/stream", headers={"last-event-id": "0-999999"}):
        assert await position(partner, place) == 0
