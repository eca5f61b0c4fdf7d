"""Limits and caps of several gateways, each a process of its own, over one Valkey."""

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec
import pytest

from tollway.limits.blocks import bounds
from tollway.settings import RedisSettings

PROGRAM = Path(__file__).with_name("limited_process.py")
GATEWAYS = 4
MOST_TOLD = 1 << 24


@pytest.fixture
async def start(redis_url):
    """Starts processes that are ready to flood; they wait for a line."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(count, *arguments):
            processes = []
            for _ in range(count):
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    PROGRAM,
                    arguments[0],
                    redis_url,
                    *map(str, arguments[1:]),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=MOST_TOLD,
                )
                stack.push_async_callback(_ended, process)
                processes.append(process)
            for process in processes:
                assert await process.stdout.readline() == b"ready\n"
            return processes

        yield started


async def _ended(process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def go(processes) -> None:
    for process in processes:
        process.stdin.write(b"\n")


async def told(processes) -> list:
    return [msgspec.json.decode(await process.stdout.readline()) for process in processes]


async def test_processes_admit_no_more_than_the_bound(start) -> None:
    """Four processes that are flooded together admit at most the limit, and at least what the bound promises."""
    amount, promised = 1000, bounds(1000, GATEWAYS, RedisSettings().lease)
    processes = await start(GATEWAYS, "rate", f"{amount}/hour", 4)
    go(processes)
    admitted = [len(each["admitted"]) for each in await told(processes)]
    assert promised.least <= sum(admitted) <= promised.most == amount
    assert min(admitted) > 0


async def test_no_window_of_many_admits_more(start) -> None:
    """While windows turn under a flood, each one admits at most the limit, and at least what the bound promises."""
    amount = 200
    processes = await start(GATEWAYS, "rate", f"{amount}/second;5000/minute", 5)
    go(processes)
    windows = _windows(await told(processes))
    promised = bounds(amount, GATEWAYS, RedisSettings().lease)
    whole = [len(windows[turn]) for turn in sorted(windows)[:-1]]
    assert len(whole) >= 3
    assert max(map(len, windows.values())) <= promised.most == amount
    assert min(whole) >= promised.least


async def test_no_permit_is_spent_after_its_window_has_turned(start) -> None:
    """What processes still have in hand when a window turns is void."""
    amount = 20_000
    processes = await start(GATEWAYS, "steady", f"{amount}/second", 5)
    go(processes)
    admitted = [each for process in await told(processes) for each in process["admitted"]]
    late = [began - turn for began, _, turn in admitted if turn and began >= turn]
    assert len({turn for *_, turn in admitted} - {0}) >= 4
    assert not late


async def test_a_killed_process_takes_no_more_than_it_held(start, valkey_client) -> None:
    """What a process had fetched when it was killed is lost until the window turns: the others have all the rest."""
    amount = 2000
    doomed, *others = await start(3, "rate", f"{amount}/hour", 5)
    go([doomed])
    await asyncio.sleep(0.02)
    doomed.kill()
    await doomed.wait()
    rest = amount - int(valkey_client.hget("tollway:rates:orders:client:shop", 3600) or 0)
    go(others)
    admitted = sum(len(each["admitted"]) for each in await told(others))
    assert bounds(rest, len(others), RedisSettings().lease).least <= admitted <= rest


async def test_what_is_reserved_is_counted_in_every_window(start) -> None:
    """However often slow callers turn into floods and back, no window of Redis admits more than the limit."""
    amount = 60
    processes = await start(GATEWAYS, "mixed", f"{amount}/second", 12)
    go(processes)
    windows = _windows(await told(processes)).values()
    assert max(map(len, windows)) <= amount
    assert sum(len(turns) > amount / 2 and 0 in turns for turns in windows) >= 3


async def test_processes_keep_a_cap_together(start) -> None:
    """Four processes never have more in flight at a time than the cap, and do use it."""
    cap = 10
    processes = await start(GATEWAYS, "slots", cap, 4)
    go(processes)
    held = [tuple(each) for process in await told(processes) for each in process]
    assert 5 < _peak(held) <= cap
    assert len(held) > 100


async def test_the_slots_of_a_killed_process_come_free(start) -> None:
    """When a process that has every slot dies, another has them when the lease has ended."""
    cap = 5
    doomed, other = await start(2, "slots", cap, 6)
    go([doomed])
    await asyncio.sleep(0.5)
    doomed.kill()
    await doomed.wait()
    go([other])
    (held,) = await told([other])
    assert _peak([tuple(each) for each in held]) == cap


def _windows(processes) -> dict[int, list[int]]:
    """What was admitted in each second of Redis, by when it turns: for each request that, or 0 if it was reserved.

    Those that were reserved count where they surely were.
    """
    admitted = [each for process in processes for each in process["admitted"]]
    return {
        turn: [of for began, ended, of in admitted if of == turn or (not of and turn - 1000 <= began <= ended < turn)]
        for turn in sorted({turn for process in processes for turn in process["turns"]})
    }


def _peak(held) -> int:
    """The most that were held at one time; what ends when another begins is not held with it."""
    changes = sorted([(began, 1) for began, _ in held] + [(ended, -1) for _, ended in held])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
