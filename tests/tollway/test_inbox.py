"""Notices from outside are each taken once."""

import asyncio

import pytest

from tollway.canonical.statement import DealWon
from tollway.inbox import Inbox

NOTICE = DealWon(deal_id="D1", event_id="E1", source="flow")
pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


async def test_a_notice_is_new_once(database):
    """The same source's same id is new the first time only; another source may use the id too."""
    inbox = Inbox(database)
    assert not await inbox.seen("flow", "E1")
    assert [await inbox.store("flow", "E1", "D1", NOTICE) for _ in range(3)] == [True, False, False]
    assert await inbox.seen("flow", "E1")
    assert await inbox.store("poll", "E1", "D1", NOTICE)


async def test_of_racing_deliveries_one_is_new(database):
    """However many deliveries of a notice come at once, one of them is told that it is new."""
    inbox = Inbox(database)
    told = await asyncio.gather(*(inbox.store("flow", "E1", "D1", NOTICE) for _ in range(8)))
    assert sorted(told) == [False] * 7 + [True]
