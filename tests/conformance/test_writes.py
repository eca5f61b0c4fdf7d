"""What every write of every platform does on good days and bad: it takes effect once, and its outcome is known.

Each bad day befalls each call of the write that may change something, one after the other.
"""

import inspect
import re
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

import system_apis.crm.registry
import system_apis.erp.registry
import system_apis.psa.registry
from tollway.effects import Effects, Outcome
from tollway.ports.crm import Crm
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import Rejected, Throttled, Unavailable
from tollway.sandboxes import Fault
from tollway.storage.tables import effects as table

PORTS = {
    "crm": (Crm, system_apis.crm.registry),
    "psa": (Psa, system_apis.psa.registry),
    "erp": (Erp, system_apis.erp.registry),
}
READS = {
    *("deal", "won_deals", "won_deal_events", "project_work", "work_changes"),
    *("capabilities", "match_customers", "project_invoices", "invoice_changes"),
    *("deal_standings", "project_standings", "work_entries", "customers", "projects", "invoices"),
}
DONE = {Outcome.APPLIED, Outcome.ALREADY_APPLIED}
BAD_DAYS = {
    "time-out before commit": Fault(kind="silent_before"),
    "time-out after commit": Fault(kind="silent_after"),
    "connection lost before commit": Fault(kind="lost_before"),
    "connection lost after commit": Fault(kind="lost_after"),
    "connection cut mid-answer": Fault(kind="cut"),
    "server error": Fault(kind="error", status=503),
    "malformed answer": Fault(kind="malformed"),
    "slow answer": Fault(kind="delay", delay_ms=150),
    "throttled": Fault(kind="error", status=429, retry_after="0.01"),
    "token expired mid-flow": Fault(kind="error", status=401),
}
ATTEMPTS = 4


class Seen(msgspec.Struct):
    """What a write left behind."""

    found: Any
    counts: Any


@pytest.fixture
def make(database):
    """Makes a write as a step of a process does, and repeats it where nothing happened; answers its outcome."""
    effects = Effects(database, read_back_after=[0.0, 0.05])

    async def made(identity: str, write: Any) -> Outcome:
        for _ in range(ATTEMPTS):
            try:
                await effects.apply(identity, identity, write.send, write.find, Any)
            except (Throttled, Unavailable):
                continue
            break
        async with database.transaction() as connection:
            row = (await connection.execute(select(table.c.outcome).where(table.c.identity == identity))).one()
        return Outcome(row.outcome)

    return made


@pytest.fixture(scope="session")
def good_days() -> dict[tuple[str, str], tuple[int, Seen]]:
    """What is known of the writes whose good days are over, by platform and operation."""
    return {}


@pytest.fixture
def good_day(opened, make, good_days, platform_name, operation):
    """How many calls of the write could have changed something on a good day, and what it left behind."""

    async def known() -> tuple[int, Seen]:
        if (platform_name, operation) not in good_days:
            async with opened() as (platform, write):
                await make("good day", write)
                good_days[platform_name, operation] = _writing(platform), await _seen(platform, write)
        return good_days[platform_name, operation]

    return known


async def _seen(platform: Any, write: Any) -> Seen:
    platform.faults.set()
    return Seen(_anonymous(await write.find(), platform.varying), await platform.count())


def _anonymous(found: Any, varying: str) -> Any:
    """What is found but for ids and times, which the platform gives as it likes."""
    fields = msgspec.json.decode(re.sub(varying, "…", msgspec.json.encode(found).decode()))
    if isinstance(fields, dict):
        return {name: value for name, value in fields.items() if name not in ("id", "changed_at")}
    return fields


def _writing(platform: Any) -> int:
    """How many calls could have changed something."""
    calls = [call.split(" ", 1) for call in platform.faults.calls.elements()]
    return sum(method != "GET" and re.search(platform.writing, path) is not None for method, path in calls)


def test_every_write_of_every_platform_is_tried(registered: dict[str, set[str]]) -> None:
    """A write that is added to a port, or a platform to a domain, is run through this suite or fails here."""
    for domain, (port, registry) in PORTS.items():
        operations = {name for name, _ in inspect.getmembers(port, inspect.isfunction) if not name.startswith("_")}
        writes = {name for name in operations - READS if not name.startswith("find_")}
        assert registered[domain] == writes
        assert registered["platforms"] >= {f"{domain}/{name}" for name in registry.PLATFORMS}


async def test_applied_and_repeated(opened, make, silent) -> None:
    """On a good day a write is applied; made again by somebody who knows nothing of it, it changes nothing."""
    async with opened() as (platform, write):
        assert (await write.find() is not None) is silent
        assert await make("once", write) is Outcome.APPLIED
        once = await _seen(platform, write)
        assert once.found is not None
        await write.send()
        assert await _seen(platform, write) == once


async def test_rejected(opened, good_day, make, silent) -> None:
    """A refusal is known as that, and the write goes through once its cause is mended."""
    if silent:
        return
    calls, wanted = await good_day()
    async with opened() as (platform, write):
        refusal = Fault(kind="error", status=platform.refusal, skip=calls - 1)
        platform.faults.set(_befalling(refusal, platform))
        with pytest.raises(Rejected):
            await make("refused", write)
        assert (await _seen(platform, write)).found is None
        assert await make("refused", write) is Outcome.APPLIED
        assert await _seen(platform, write) == wanted


@pytest.mark.parametrize("day", BAD_DAYS)
async def test_bad_days(opened, good_day, make, day: str, silent) -> None:
    """Whatever happens to whichever call, in the end the write is there once and its outcome is known."""
    calls, wanted = await good_day()
    assert silent is (calls == 0)
    for place in range(calls):
        async with opened() as (platform, write):
            platform.faults.set(_befalling(msgspec.structs.replace(BAD_DAYS[day], times=1, skip=place), platform))
            assert await make(f"{day}: call {place}", write) in DONE
            assert await _seen(platform, write) == wanted


def _befalling(fault: Fault, platform: Any) -> Fault:
    """The fault, befalling only calls that may change something."""
    return msgspec.structs.replace(fault, path=platform.writing, method="POST|PUT|PATCH|DELETE")
