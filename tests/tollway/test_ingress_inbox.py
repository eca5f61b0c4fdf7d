"""Notices from outside are stored before they are acknowledged, and each once."""

import asyncio
import datetime as dt

import pytest
from msgspec.structs import replace

from tollway.canonical.notice import Notice, NoticeStatus
from tollway.ingress.inbox import Inbox
from tollway.problems import Conflict, Invalid, NotFound

NOTICE = Notice(source="flow", event_id="E1", kind="crm", type="deal.won", subject="D1", body='{"a": "\\u0000"}')
pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


async def test_a_notice_is_new_once(database):
    """The same source's same id is new the first time only; another source may use the id too."""
    inbox = Inbox(database)
    assert [await inbox.store(NOTICE) for _ in range(3)] == [1, 0, 0]
    assert await inbox.store(NOTICE, replace(NOTICE, source="poll"), replace(NOTICE, source="poll")) == 1
    assert [kept.source for kept in await inbox.list()] == ["poll", "flow"]


async def test_of_racing_deliveries_one_is_new(database):
    """However many deliveries of a notice come at once, over however many workers, one is told that it is new."""
    workers = [Inbox(database) for _ in range(3)]
    told = await asyncio.gather(*(worker.store(NOTICE) for worker in workers for _ in range(8)))
    assert sorted(told) == [0] * 23 + [1]


async def test_what_was_told_is_kept(database):
    """A notice keeps the moment its source gave, to the microsecond, and when it arrived."""
    moment = dt.datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    inbox = Inbox(database)
    await inbox.store(replace(NOTICE, occurred_at=moment))
    (kept,) = await inbox.list(NoticeStatus.WAITING, kind="crm", subject="D1")
    assert await inbox.get(kept.id) == kept
    assert (kept.happened_at, kept.attempts, kept.error, kept.settled_at) == (moment, 0, "", None)
    assert abs(dt.datetime.now(dt.UTC) - kept.received_at) < dt.timedelta(seconds=30)
    assert await inbox.list(NoticeStatus.DONE) == await inbox.list(kind="x") == await inbox.list(subject="x") == []


async def test_whoever_waits_for_its_kind_is_woken_by_what_is_new(database):
    """A notice of another kind, or one that is known, wakes nobody."""
    woken: list[str] = []
    inbox = Inbox(database)
    inbox.wake(["crm"], lambda: woken.append("crm"))
    await inbox.store(replace(NOTICE, kind="erp"))
    assert woken == []
    await inbox.store(replace(NOTICE, event_id="E2"))
    await inbox.store(replace(NOTICE, event_id="E2"))
    assert woken == ["crm"]


async def test_text_that_no_database_holds_is_refused(database):
    """A character of code 0 is the sender's mistake, not the database's."""
    with pytest.raises(Invalid):
        await Inbox(database).store(replace(NOTICE, event_id="E\x00"))


async def test_a_notice_can_be_given_up_and_taken_up(database):
    """A person skips what waits; only what is not settled, or nobody acts on, can be retried."""
    inbox = Inbox(database)
    await inbox.store(NOTICE)
    (kept,) = await inbox.list()
    assert (await inbox.retry(kept.id)).status is NoticeStatus.WAITING
    assert (await inbox.skip(kept.id)).status is NoticeStatus.SKIPPED
    for again in (inbox.skip, inbox.retry):
        with pytest.raises(Conflict, match="is skipped"):
            await again(kept.id)
    for unknown in ("0", "x", "9" * 30):
        with pytest.raises(NotFound):
            await inbox.get(unknown)
