"""Drainers take notices once, in order per subject, whatever becomes of single ones."""

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from tollway import context
from tollway.canonical.case import Category
from tollway.canonical.notice import Notice, NoticeStatus
from tollway.cases import Cases
from tollway.ingress import drainer as module
from tollway.ingress.drainer import Drainer
from tollway.ingress.inbox import Inbox
from tollway.ingress.lanes import Lanes
from tollway.problems import Rejected, Unavailable

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
on_postgresql = pytest.mark.parametrize("storage_url", ["postgresql"], indirect=True)


def notice(number: int, subject: str = "D1", *, kind: str = "crm", after: float = 0) -> Notice:
    """A notice that happened so many seconds after the start."""
    at = START + dt.timedelta(seconds=after or number)
    return Notice(
        source="test", event_id=f"E{number}", kind=kind, type="told", subject=subject, body="{}", occurred_at=at
    )


class Taker:
    """Handles notices: remembers them, and fails on those it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.failing: dict[str, list[Exception]] = {}
        self.at_once = self.most_at_once = 0
        self.of_subject: set[str] = set()
        self.gate: asyncio.Event | None = None
        self.correlation: list[str] = []

    async def take(self, given: Notice) -> None:
        """Take one notice."""
        assert given.subject not in self.of_subject
        self.of_subject.add(given.subject)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            if self.gate:
                await self.gate.wait()
            if self.failing.get(given.event_id):
                raise self.failing[given.event_id].pop(0)
            self.correlation.append(context.current().correlation_id)
            self.taken.append((given.subject, given.event_id))
        finally:
            self.at_once -= 1
            self.of_subject.discard(given.subject)

    def of(self, subject: str) -> list[str]:
        """What was taken of a subject, in that order."""
        return [event for mine, event in self.taken if mine == subject]


@pytest.fixture
def taker() -> Taker:
    """Takes everything."""
    return Taker()


@asynccontextmanager
async def draining(database, inbox, taker, *, workers: int = 1, at_once: int = 4):
    """Workers that drain until the block ends."""
    cases, handlers = Cases(database), {("crm", "told"): taker.take}
    running = [
        Drainer(f"test {number}", inbox, database, cases, ["crm", "other"], handlers, at_once=at_once)
        for number in range(workers)
    ]
    for worker in running:
        await worker.start()
    try:
        yield running
    finally:
        for worker in running:
            await worker.stop()


async def until(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def settled(inbox: Inbox, status: NoticeStatus = NoticeStatus.DONE, count: int = 1) -> list:
    """Wait until so many notices are in a state."""
    async with asyncio.timeout(15):
        while len(found := await inbox.list(status)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


@either
async def test_notices_of_a_subject_are_taken_in_the_order_they_happened(database, taker):
    """However they arrived, and however many workers drain, each subject's notices are taken once and in order."""
    inbox = Inbox(database)
    numbers = [7, 3, 9, 1, 12, 5, 2, 11, 4, 10, 8, 6]
    for number in numbers:
        await inbox.store(*[replace(notice(number, subject), source=subject) for subject in ("A", "B", "C")])
    async with draining(database, inbox, taker, workers=3):
        kept = await settled(inbox, count=36)
    for subject in ("A", "B", "C"):
        assert taker.of(subject) == [f"E{number}" for number in sorted(numbers)]
    assert all(one.settled_at and one.attempts == 0 for one in kept)


@either
async def test_what_is_stored_is_taken_at_once(database, taker, monkeypatch):
    """A notice that is stored in the drainer's process waits for no look."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 60.0)
    inbox = Inbox(database)
    async with draining(database, inbox, taker):
        await asyncio.sleep(0.2)
        token = context.enter(context.new_context("the-callers-id"))
        await inbox.store(notice(1))
        context.leave(token)
        await until(lambda: taker.of("D1") == ["E1"], 5)
    assert taker.correlation == ["the-callers-id"]


@either
async def test_a_notice_that_fails_holds_back_its_own_subject_only(database, taker, monkeypatch):
    """It is put off and tried again, later ones of its subject wait for it, and others go on."""
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    taker.failing["E1"] = [Unavailable("Away."), KeyError("unforeseen"), Unavailable("Away.")]
    inbox = Inbox(database)
    await inbox.store(notice(1), notice(2), notice(3, "D2"))
    async with draining(database, inbox, taker):
        kept = await settled(inbox, count=3)
    assert taker.taken[0] == ("D2", "E3")
    assert taker.of("D1") == ["E1", "E2"]
    assert {one.event_id: one.attempts for one in kept} == {"E1": 3, "E2": 0, "E3": 0}
    assert await Cases(database).list() == []


@either
@pytest.mark.parametrize(
    ("error", "category"),
    [
        (Unavailable("The ERP is away."), Category.PLATFORM_AWAY),
        (Rejected("No such project."), Category.NOTICE_REFUSED),
        (Rejected("No terms are known.", category=Category.INCOMPLETE_DEAL), Category.INCOMPLETE_DEAL),
    ],
)
async def test_a_poison_notice_becomes_a_case(database, taker, monkeypatch, error, category):
    """After some failures, or the first that no repetition mends, it is parked with a case that tells why."""
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    taker.failing["E1"] = [error] * 3
    inbox, cases = Inbox(database), Cases(database)
    await inbox.store(notice(1), notice(2))
    async with draining(database, inbox, taker):
        (parked,) = await settled(inbox, NoticeStatus.PARKED)
        (case,) = await cases.list()
        assert (parked.error, parked.attempts) == (error.detail, 1 if isinstance(error, Rejected) else 3)
        assert (case.process, case.process_id, case.subject) == ("ingress", f"notice:{parked.id}", "D1")
        assert (case.category, case.summary) == (category, error.detail)
        taker.failing.clear()
        await inbox.retry(parked.id)
        await settled(inbox, count=2)
    assert taker.of("D1") == ["E1", "E2"]
    assert (await cases.get(case.id)).status == "resolved"


@either
async def test_a_skipped_notice_lets_the_next_go_on(database, taker, monkeypatch):
    """What a person gives up is not taken, and does not hold back what came after it."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    taker.failing["E1"] = [Rejected("Never.")] * 9
    inbox = Inbox(database)
    await inbox.store(notice(1), notice(2))
    async with draining(database, inbox, taker):
        (parked,) = await settled(inbox, NoticeStatus.PARKED)
        await inbox.skip(parked.id)
        await settled(inbox)
    assert taker.of("D1") == ["E2"]


@either
async def test_a_parked_notice_that_goes_through_closes_its_case(database, taker, monkeypatch):
    """A platform that was away for long mends its cases by coming back."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(module, "PARKED_PAUSE", 0.2)
    taker.failing["E1"] = [Rejected("Not yet.")]
    inbox = Inbox(database)
    await inbox.store(notice(1))
    async with draining(database, inbox, taker):
        (kept,) = await settled(inbox)
    (case,) = await Cases(database).list()
    assert (case.process_id, case.status) == (f"notice:{kept.id}", "resolved")


@either
async def test_what_nobody_acts_on_is_kept(database, taker):
    """A notice without a handler is settled as such; what another worker's kinds are is left to it."""
    inbox = Inbox(database)
    await inbox.store(notice(1, kind="other"), notice(2, kind="else"))
    async with draining(database, inbox, taker):
        (kept,) = await settled(inbox, NoticeStatus.UNHANDLED)
        await asyncio.sleep(0.1)
    assert kept.kind == "other"
    assert [one.kind for one in await inbox.list(NoticeStatus.WAITING)] == ["else"]
    assert taker.taken == []


@either
async def test_as_many_subjects_at_once_as_allowed(database, taker):
    """Subjects are taken side by side up to the bound, and one that takes long keeps none of the others waiting."""
    taker.gate = asyncio.Event()
    inbox = Inbox(database)
    async with draining(database, inbox, taker, at_once=3):
        await inbox.store(*[notice(number, f"D{number}") for number in range(1, 9)])
        await until(lambda: taker.at_once == 3)
        await asyncio.sleep(0.1)
        assert taker.at_once == 3
        taker.gate.set()
        await settled(inbox, count=8)
    assert taker.most_at_once == 3


@either
async def test_what_a_worker_held_is_taken_by_the_next(database, taker, monkeypatch):
    """A worker that stops gives its lanes back at once; one that died loses them with its lease."""
    inbox = Inbox(database)
    await inbox.store(notice(1), notice(2, "D2"))
    monkeypatch.setattr("tollway.ingress.lanes.LEASE", 0.3)
    dead = Lanes(database, ["crm"], "dead")
    assert len(await dead.take(9)) == 2
    assert await Lanes(database, ["crm"], "next").take(9) == []
    taker.gate = asyncio.Event()
    async with draining(database, inbox, taker):
        await until(lambda: taker.at_once == 2)
    assert taker.at_once == 0
    taker.gate = None
    async with draining(database, inbox, taker):
        await settled(inbox, count=2)
    assert sorted(taker.taken) == [("D1", "E1"), ("D2", "E2")]


@either
async def test_a_handler_that_takes_long_keeps_its_lane(database, taker, monkeypatch):
    """Leases are renewed while a notice is being taken, so that no other worker takes it too."""
    monkeypatch.setattr("tollway.ingress.lanes.LEASE", 0.4)
    monkeypatch.setattr(module, "LEASE", 0.4)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    taker.gate = asyncio.Event()
    inbox = Inbox(database)
    await inbox.store(notice(1))
    async with draining(database, inbox, taker, workers=2):
        await until(lambda: taker.at_once == 1)
        await asyncio.sleep(1.2)
        assert taker.most_at_once == 1
        taker.gate.set()
        await settled(inbox)
    assert taker.of("D1") == ["E1"]


@on_postgresql
async def test_a_burst_is_accepted_and_drained(database, taker):
    """A thousand notices about three hundred objects, stored at once while three workers drain, are each taken once."""
    inboxes = [Inbox(database) for _ in range(3)]
    async with draining(database, inboxes[0], taker, workers=3), asyncio.timeout(20):
        stores = [inboxes[n % 3].store(notice(n + 1, f"D{n % 300}")) for n in range(1000)]
        assert sum(await asyncio.gather(*stores)) == 1000
        while len(taker.taken) < 1000 or await inboxes[0].list(NoticeStatus.WAITING):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert len(taker.taken) == len(set(taker.taken)) == 1000
    for number in range(300):
        events = [int(event[1:]) for event in taker.of(f"D{number}")]
        assert len(events) in (3, 4)


@on_postgresql
async def test_a_person_and_a_drainer_at_the_same_notice_wait_for_one_another(database):
    """Both take its lane before the notice itself, so that neither holds what the other needs."""
    inbox = Inbox(database)
    await inbox.store(notice(1))
    (kept,) = await inbox.list()
    async with database.transaction() as settling:
        await settling.execute(text("SELECT 1 FROM notice_lanes FOR UPDATE"))
        retrying = asyncio.create_task(inbox.retry(kept.id))
        await asyncio.sleep(0.3)
        await settling.execute(text("UPDATE notices SET attempts = 1"))
    assert (await retrying).attempts == 0
