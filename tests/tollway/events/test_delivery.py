"""Delivery by webhook: in order per subject, at least once, by one worker at a time, and given up in the end."""

import asyncio
import datetime as dt

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tollway.canonical.subscription import SubscriptionStatus
from tollway.events import delivery as delivering
from tollway.events.retention import EventRetention
from tollway.problems import Conflict, NotFound

OWNER = "partner-app"
either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


async def test_what_happens_is_delivered_in_order(tell, subscribe, worker, receiver, subscriptions):
    """A subscriber gets every event once, those of a subject in their order, and a later turn goes on where it was."""
    made = await subscribe(receiver.url)
    await tell(*range(150), subject=lambda number: f"P-{number % 7}")
    await worker().turn()
    assert sorted(receiver.keys()) == list(range(150))
    for subject in range(7):
        assert receiver.keys(f"P-{subject}") == list(range(subject, 150, 7))
    await tell(150)
    await worker().turn()
    assert receiver.keys()[-1] == 150
    assert len(receiver.received) == 151
    assert (await subscriptions.get(OWNER, made.id)).position == 151


async def test_a_delivery_is_signed_as_standard_webhooks_says(tell, subscribe, worker, receiver, subscriptions):
    """The library of Standard Webhooks verifies what arrives, and refuses it with a byte changed or another secret."""
    made = await subscribe(receiver.url)
    await tell(1)
    await worker().turn()
    ((headers, body),) = receiver.received
    secret = await subscriptions.secret(OWNER, made.id)
    assert secret.startswith("whsec_")
    event = Webhook(secret).verify(body, headers)
    assert event["id"] == headers["webhook-id"]
    assert headers["content-type"] == "application/cloudevents+json"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"collections", b"collectionz"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "QUJD" * 8).verify(body, headers)


@either
async def test_after_a_rotation_both_secrets_verify_for_a_while(
    tell, subscribe, worker, receiver, subscriptions, database
):
    """A receiver may change over at leisure; once the old secret's time is over only the new one signs."""
    made = await subscribe(receiver.url)
    old = await subscriptions.secret(OWNER, made.id)
    await subscriptions.rotate(OWNER, made.id)
    new = await subscriptions.secret(OWNER, made.id)
    await tell(1)
    await worker().turn()
    headers, body = receiver.received[-1]
    assert Webhook(new).verify(body, headers) == Webhook(old).verify(body, headers)
    subscriptions._rotation = -1.0
    await subscriptions.rotate(OWNER, made.id)
    await tell(2)
    await worker().turn()
    headers, body = receiver.received[-1]
    assert Webhook(await subscriptions.secret(OWNER, made.id)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body, headers)


async def test_secrets_are_not_readable_in_the_database(subscribe, subscriptions, database, receiver):
    """Neither the database's rows nor the answers tell a secret."""
    made = await subscribe(receiver.url)
    secret = await subscriptions.secret(OWNER, made.id)
    async with database.transaction() as connection:
        kept = (await connection.exec_driver_sql("SELECT * FROM event_subscriptions")).all()
    assert secret.removeprefix("whsec_") not in repr(kept)
    assert secret not in repr(await subscriptions.of_owner(OWNER))


@either
async def test_a_failing_subject_holds_up_itself_alone(tell, subscribe, worker, receiver, until):
    """While one subject's event is refused, its later ones wait behind it and all others arrive; then they follow."""
    await subscribe(receiver.url)
    broken = {3}
    receiver.answers = lambda event: 500 if int(event.data.process_id[12:]) in broken else 204
    await tell(*range(12), subject=lambda number: f"P-{number % 3}")
    work = worker(*[0.01] * 200)
    await work.turn()
    assert receiver.keys("P-0") == [0]
    assert receiver.keys("P-1") == [1, 4, 7, 10]
    await tell(12)
    broken.clear()
    await until(lambda: len(receiver.keys("P-0")) == 4, work.turn)
    assert receiver.keys("P-0") == [0, 3, 6, 9]


@either
async def test_what_is_refused_to_the_end_is_a_dead_letter(tell, subscribe, worker, receiver, failures, log, until):
    """After the last try an event is given up, with what came back, and the next of its subject is tried."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda event: 500 if event.data.process_id.endswith(":1") else 204
    await tell(1, 2)
    await until(lambda: receiver.keys() == [2], worker().turn)
    (letter,) = await failures.dead(made.id, 0, 10)
    assert (letter.attempts, letter.position, letter.subject) == (4, 1, "P-1")
    assert letter.reason == "It answered 500: so it is"
    receiver.answers = lambda _: 204
    event = await log.event(letter.event_id)
    await failures.redeliver(made.id, event)
    await until(lambda: receiver.keys() == [2, 1], worker().turn)
    assert await failures.dead(made.id, 0, 10) == []
    with pytest.raises(NotFound):
        await failures.redeliver(made.id, event)


async def test_a_discarded_dead_letter_is_forgotten(tell, subscribe, worker, receiver, failures, log, until):
    """Nobody has to redeliver; what is discarded neither waits nor comes again."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda _: 500
    await tell(1)
    work = worker(0.001)
    await until(lambda: len(receiver.received) == 2, work.turn)
    event = await log.event((await failures.dead(made.id, 0, 10))[0].event_id)
    await failures.discard(made.id, event)
    assert await failures.dead(made.id, 0, 10) == []
    await work.turn()
    assert len(receiver.received) == 2


async def test_a_receiver_that_is_gone_disables_its_subscription(tell, subscribe, worker, receiver, subscriptions):
    """After 410 nothing more is sent until somebody resumes; then it begins with the event that was refused."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda _: 410
    await tell(1, 2)
    work = worker()
    await work.turn()
    await work.turn()
    assert len(receiver.received) == 1
    shown = await subscriptions.get(OWNER, made.id)
    assert (shown.status, shown.reason) == (SubscriptionStatus.DISABLED, "It answered 410: so it is")
    receiver.answers = lambda _: 204
    await subscriptions.set_status(OWNER, made.id, SubscriptionStatus.ACTIVE)
    await work.turn()
    assert receiver.keys() == [1, 2]


async def test_a_receiver_that_asks_to_wait_is_waited_for(tell, subscribe, worker, receiver):
    """Retry-After of a 429 holds even where our own pause is shorter."""
    await subscribe(receiver.url)
    receiver.answers, receiver.headers = lambda _: 429, [(b"retry-after", b"3600")]
    await tell(1)
    work = worker()
    for _ in range(3):
        await work.turn()
        await asyncio.sleep(0.03)
    assert len(receiver.received) == 1


async def test_a_receiver_that_is_away_is_not_flooded(tell, subscribe, worker, receiver, monkeypatch, subscriptions):
    """Once as much waits as may, nothing new is taken on: the log keeps it."""
    monkeypatch.setattr(delivering, "MOST_WAITING", 5)
    monkeypatch.setattr(delivering, "BATCH", 3)
    made = await subscribe(receiver.url)
    receiver.answers = lambda _: 503
    await tell(*range(30), subject=lambda number: f"P-{number}")
    await worker(60.0).turn()
    assert len(receiver.received) == 6
    assert (await subscriptions.get(OWNER, made.id)).waiting == 6


async def test_a_paused_subscription_gets_what_it_missed(tell, subscribe, worker, receiver, subscriptions):
    """Nothing is sent while it is paused, and nothing is lost."""
    made = await subscribe(receiver.url)
    await subscriptions.set_status(OWNER, made.id, SubscriptionStatus.PAUSED)
    await tell(1, 2)
    work = worker()
    await work.turn()
    assert receiver.received == []
    await subscriptions.set_status(OWNER, made.id, SubscriptionStatus.ACTIVE)
    await work.turn()
    assert receiver.keys() == [1, 2]


@either
async def test_a_replay_begins_where_it_is_told(tell, subscribe, worker, receiver, subscriptions):
    """What was delivered comes again from the place on, under the ids it had, what was given up included."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda event: 500 if event.data.process_id.endswith(":3") else 204
    await tell(1, 2, 3)
    work = worker(0.001)
    for _ in range(3):
        await work.turn()
        await asyncio.sleep(0.01)
    assert (await subscriptions.get(OWNER, made.id)).dead_letters == 1
    receiver.answers = lambda _: 204
    await subscriptions.replay(OWNER, made.id, 1)
    await work.turn()
    assert receiver.keys() == [1, 2, 2, 3]
    ids = [headers["webhook-id"] for headers, body in receiver.received if b'"collections:2"' in body]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert (await subscriptions.get(OWNER, made.id)).dead_letters == 0


@either
async def test_of_many_workers_one_serves_a_subscription(tell, subscribe, worker, receiver):
    """Workers that take turns at the same time send nothing twice."""
    await subscribe(receiver.url)
    receiver.seconds = 0.02
    await tell(*range(20))
    await asyncio.gather(*[worker().turn() for _ in range(4)])
    assert receiver.keys() == list(range(20))
    assert receiver.most_at_once == 1


async def test_a_worker_that_lost_its_lease_stops(tell, subscribe, worker, receiver, monkeypatch):
    """A worker that was away for longer than its lease sends nothing once another serves the subscription."""
    monkeypatch.setattr(delivering, "LEASE", 0.2)
    monkeypatch.setattr(delivering, "_RENEW", 0.05)
    await subscribe(receiver.url)
    receiver.seconds = 0.6
    await tell(*range(6))
    first = asyncio.create_task(worker().turn())
    await asyncio.sleep(0.4)
    receiver.seconds = 0.0
    await worker().turn()
    await first
    assert set(receiver.keys()) == set(range(6))
    assert receiver.keys().count(5) == 1


async def test_a_worker_that_stops_in_the_middle_loses_nothing(tell, subscribe, worker, receiver, until):
    """What was sent without being noted is sent again by whoever goes on, under the same id."""
    await subscribe(receiver.url)
    receiver.seconds = 0.3
    await tell(*range(5))
    first = asyncio.create_task(worker().turn())
    await until(lambda: len(receiver.received) == 2, lambda: asyncio.sleep(0))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    receiver.seconds = 0.0
    await worker().turn()
    assert set(receiver.keys()) == set(range(5))
    assert [key for place, key in enumerate(receiver.keys()) if key not in receiver.keys()[:place]] == list(range(5))


async def test_one_bad_subscription_holds_up_no_other(tell, subscribe, worker, receiver, database):
    """A subscription whose secret cannot be read any more is put off, and the rest is served."""
    bad = await subscribe(receiver.url)
    async with database.transaction() as connection:
        await connection.exec_driver_sql(f"UPDATE event_subscriptions SET secret = 'x' WHERE id = '{bad.id}'")
    await subscribe(receiver.url, owner="another")
    await tell(1)
    await worker().turn()
    assert receiver.keys() == [1]


async def test_a_slow_receiver_holds_up_no_other(tell, subscribe, worker, receiver, slow_receiver, until):
    """While one receiver keeps a delivery waiting, others get what happens meanwhile."""
    await subscribe(slow_receiver.url, owner="another")
    await subscribe(receiver.url)
    work = worker()
    begin = super(type(work), work).turn
    for number in (1, 2):
        await tell(number)
        await until(lambda: receiver.keys()[-1:] == [number], begin)  # noqa: B023 - awaited at once
    await until(lambda: bool(slow_receiver.received), begin)
    assert (len(slow_receiver.received), slow_receiver.taken) == (1, [])
    await work.stop()


async def test_who_has_much_to_get_lets_others_have_their_turn(tell, subscribe, worker, receiver, monkeypatch):
    """Where subscriptions wait for one another, each gets a batch and then lets the next one go on."""
    monkeypatch.setattr(delivering, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(delivering, "SERVE_SECONDS", 0.0)
    monkeypatch.setattr(delivering, "BATCH", 3)
    for owner in ("first", "second"):
        await subscribe(receiver.url, owner=owner)
    await tell(*range(5))
    work = worker()
    await work.turn()
    assert receiver.keys() == [0, 1, 2] * 2
    await work.turn()
    assert receiver.keys() == [0, 1, 2] * 2 + [3, 4] * 2


async def test_a_subscription_is_its_owner_s(subscribe, subscriptions, receiver):
    """Another client's subscription is as if it were not there, whatever is asked of it."""
    made = await subscribe(receiver.url)
    assert await subscriptions.of_owner("stranger") == []
    for asked in (subscriptions.get, subscriptions.remove, subscriptions.secret, subscriptions.rotate):
        with pytest.raises(NotFound):
            await asked("stranger", made.id)
    with pytest.raises(NotFound):
        await subscriptions.replay("stranger", made.id, 0)
    with pytest.raises(NotFound):
        await subscriptions.set_status("stranger", made.id, SubscriptionStatus.PAUSED)
    assert [one.id for one in await subscriptions.of_owner(OWNER)] == [made.id]
    await subscriptions.remove(OWNER, made.id)
    assert await subscriptions.of_owner(OWNER) == []


async def test_subscriptions_of_a_client_are_bounded(subscribe, monkeypatch, receiver):
    """A client that makes one more than it may is told so."""
    monkeypatch.setattr("tollway.events.subscriptions.MOST", 2)
    await subscribe(receiver.url)
    await subscribe(receiver.url)
    with pytest.raises(Conflict, match="2 subscriptions"):
        await subscribe(receiver.url)
    await subscribe(receiver.url, owner="another")


@either
async def test_old_events_are_forgotten_once_everybody_has_them(
    tell, subscribe, worker, receiver, database, log, subscriptions
):
    """The sweep leaves what is young, what a subscriber has yet to get, and what is a dead letter."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda event: 500 if event.data.process_id.endswith(":1") else 204
    await tell(1, 2)
    work = worker(60.0)
    await work.turn()
    await subscriptions.set_status(OWNER, made.id, SubscriptionStatus.PAUSED)
    await tell(3)
    assert await EventRetention(database, keep_days=1).sweep() == 0
    assert await EventRetention(database, keep_days=-1).sweep() == 0  # 1 waits, 2 behind it, 3 was not read
    await subscriptions.remove(OWNER, made.id)
    await log.head()
    assert await EventRetention(database, keep_days=-1).sweep() == 3
    await tell(4)
    assert [event.sequence[-1] for event in (await log.page(0)).items] == ["4"]
    assert await log.before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) == 3
