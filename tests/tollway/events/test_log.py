"""The log: written in the transaction of what it tells of, read in one order without gaps, however many write."""

import asyncio
import datetime as dt

import pytest

from tollway.canonical.event import EventType, ProcessFinished
from tollway.canonical.event_facts import ProcessFacts
from tollway.events.log import EventLog, Happening
from tollway.problems import NotFound
from tollway.storage import open_database

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


def happened(key: str, subject: str = "D-1") -> Happening:
    facts = ProcessFacts(process="collections", process_id=key, subject=subject)
    return Happening(kind=ProcessFinished, key=key, subject=subject, data=facts)


async def keys(log: EventLog, after: int = 0) -> list[str]:
    return [event.data.process_id for event in (await log.page(after, most=1_000)).items]


async def test_an_event_is_read_as_it_was_told(log):
    """What is read is a CloudEvent that says everything of itself."""
    await log.tell(happened("a"))
    (event,) = (await log.page(0)).items
    assert (event.specversion, event.source, event.subject) == ("1.0", "/tollway", "D-1")
    assert event.sequence == f"{1:020d}"
    assert event.data.process_id == "a"
    assert event.correlationid
    assert event.dataschema.endswith("/ProcessFacts")
    assert await log.event(event.id) == event
    with pytest.raises(NotFound):
        await log.event("nothing")


@either
async def test_what_is_told_twice_is_one_event(log):
    """A step that runs again after a crash tells what it told before, and nobody is told twice."""
    await log.tell(happened("a"))
    await log.tell(happened("a"), happened("b"), happened("b"))
    assert await keys(log) == ["a", "b"]


@either
async def test_an_event_stands_or_falls_with_its_transaction(log, database):
    """What is taken back was never told, and leaves no gap."""

    async def fail() -> None:
        async with database.transaction() as connection:
            await log.append(connection, [happened("never")])
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    await log.tell(happened("a"))
    page = await log.page(0)
    assert [event.data.process_id for event in page.items] == ["a"]
    assert page.after == 1


@pytest.mark.parametrize("storage_url", ["postgresql"], indirect=True)
async def test_what_is_committed_late_is_not_skipped(log, database):
    """A reader that has read past an event's neighbours still gets the event, when its transaction ends at last."""
    async with database.transaction() as slow:
        await log.append(slow, [happened("begun first")])
        await log.tell(happened("committed first"))
        first = await log.page(0)
        assert [event.data.process_id for event in first.items] == ["committed first"]
    second = await log.page(first.after)
    assert [event.data.process_id for event in second.items] == ["begun first"]


@either
async def test_readers_beside_many_writers_miss_nothing(log, database, tmp_path, storage_url):
    """Each of several readers that follow while eight write has every event once, in one order, without a gap."""
    other = await open_database(tmp_path, storage_url)
    logs, done = [log, EventLog(other)], asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(20):
            async with (other if writer % 2 else database).transaction() as connection:
                await logs[writer % 2].append(
                    connection, [happened(f"{writer}-{number}-a"), happened(f"{writer}-{number}-b")]
                )
                await asyncio.sleep(0.001 * (writer % 3))

    async def read(one: EventLog) -> list[str]:
        after, seen = 0, list[tuple[str, str]]()
        while True:
            last = done.is_set()
            page = await one.page(after, most=7)
            seen += [(event.sequence, event.data.process_id) for event in page.items]
            after = page.after
            if last and not page.more and not page.items:
                assert [int(sequence) for sequence, _ in seen] == list(range(1, len(seen) + 1))
                return [key for _, key in seen]

    readers = [asyncio.create_task(read(one)) for one in (*logs, log)]
    await asyncio.gather(*[write(writer) for writer in range(8)])
    done.set()
    first, *rest = await asyncio.gather(*readers)
    assert len(first) == len(set(first)) == 320
    assert all(one == first for one in rest)
    for writer in range(8):
        mine = [key for key in first if key.startswith(f"{writer}-")]
        assert mine == [f"{writer}-{number}-{part}" for number in range(20) for part in "ab"]
    await other.close()


async def test_pages_go_on_where_they_ended(log):
    """A page tells where to go on; one of other types moves past what it leaves out."""
    await log.tell(*[happened(str(number)) for number in range(5)])
    first = await log.page(0, most=2)
    assert (len(first.items), first.after, first.more) == (2, 2, True)
    last = await log.page(4, most=2)
    assert (len(last.items), last.after, last.more) == (1, 5, False)
    others = await log.page(0, [EventType.INVOICE_POSTED], 2)
    assert (others.items, others.after, others.more) == ([], 5, False)
    assert len((await log.page(0, [EventType.PROCESS_FINISHED])).items) == 5


async def test_a_moment_is_a_place_in_the_log(log):
    """From a moment on means from the first event of that moment; later than all is the end."""
    early, late = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    for number, at in enumerate((early, late, late)):
        facts = ProcessFacts(process="x", process_id=str(number), subject="D-1")
        await log.tell(Happening(kind=ProcessFinished, key=str(number), subject="D-1", data=facts, at=at))
    assert await log.before(early) == 0
    assert await log.before(late) == 1
    assert await log.before(dt.datetime.now(dt.UTC)) == 3
