"""Delivery to Redis Streams, on a real Valkey: each event once, under its place in the log."""

import msgspec
import pytest
from redis.asyncio import Redis

from tollway.canonical.event import BusinessEvent
from tollway.canonical.subscription import Channel
from tollway.events.redis_streams import RedisStreams

OWNER = "partner-app"


@pytest.fixture
async def redis(redis_url):
    """A client of an empty Valkey."""
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def deliver(worker, redis):
    """Takes a worker's turn."""
    return worker(senders={Channel.REDIS_STREAM: RedisStreams(redis, 1_000)}).turn


async def test_events_stand_in_the_stream_in_their_order(tell, subscribe, deliver, redis):
    """Every event is an entry whose id is the event's place, with the whole CloudEvent in it."""
    made = await subscribe(None, channel=Channel.REDIS_STREAM)
    await tell(*range(5))
    await deliver()
    entries = await redis.xrange(made.stream)
    assert [entry for entry, _ in entries] == [b"%d-0" % place for place in range(1, 6)]
    events = [msgspec.json.decode(fields[b"event"], type=BusinessEvent) for _, fields in entries]
    assert [event.data.process_id for event in events] == [f"collections:{number}" for number in range(5)]
    assert {fields[b"type"] for _, fields in entries} == {b"tollway.process.finished.v1"}


async def test_what_is_sent_again_stands_there_once(tell, subscribe, deliver, redis, database):
    """A worker that stopped before it noted what it had sent repeats it, and Redis keeps one of each."""
    made = await subscribe(None, channel=Channel.REDIS_STREAM)
    await tell(*range(3))
    await deliver()
    async with database.transaction() as connection:
        await connection.exec_driver_sql("UPDATE event_subscriptions SET position = 1")
    await tell(3)
    await deliver()
    assert [entry for entry, _ in await redis.xrange(made.stream)] == [b"%d-0" % place for place in range(1, 5)]


async def test_a_replay_writes_the_stream_anew(tell, subscribe, deliver, redis, subscriptions):
    """The stream begins again after the place, and its consumer groups are still there."""
    made = await subscribe(None, channel=Channel.REDIS_STREAM)
    await tell(*range(4))
    await deliver()
    await redis.xgroup_create(made.stream, "readers", "$")
    await subscriptions.replay(OWNER, made.id, 2)
    await deliver()
    assert [entry for entry, _ in await redis.xrange(made.stream)] == [b"3-0", b"4-0"]
    await redis.xgroup_setid(made.stream, "readers", "0")
    ((_, entries),) = await redis.xreadgroup("readers", "me", {made.stream: ">"})
    assert [entry for entry, _ in entries] == [b"3-0", b"4-0"]


async def test_while_redis_is_away_nothing_is_given_up(tell, subscribe, worker, redis, subscriptions):
    """An outage of Redis makes no dead letters: everything waits in the log, and follows in order."""
    made = await subscribe(None, channel=Channel.REDIS_STREAM)
    await tell(*range(3))
    gone = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    for _ in range(3):
        await worker(senders={Channel.REDIS_STREAM: RedisStreams(gone, 1_000)}).turn()
    await gone.aclose()
    shown = await subscriptions.get(OWNER, made.id)
    assert (shown.position, shown.waiting, shown.dead_letters) == (0, 0, 0)
    await worker(senders={Channel.REDIS_STREAM: RedisStreams(redis, 1_000)}).turn()
    assert len(await redis.xrange(made.stream)) == 3


async def test_a_stream_keeps_about_as_much_as_is_configured(tell, subscribe, worker, redis):
    """Old entries make way for new ones."""
    made = await subscribe(None, channel=Channel.REDIS_STREAM)
    await tell(*range(500))
    await worker(senders={Channel.REDIS_STREAM: RedisStreams(redis, 10)}).turn()
    assert 10 <= await redis.xlen(made.stream) < 250
