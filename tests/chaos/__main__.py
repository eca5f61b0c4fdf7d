"""Chaos: deals go from won to invoiced while everything that can be killed is killed again and again.

`python tests/chaos --deals 2000 --kills 100 --seed 7` prints what happened, then one JSON object. It ends with status 1
when a deal was lost, anything is there twice, or an amount is wrong: counted at the platforms, not in our tables.
"""

import argparse
import asyncio
import contextlib
import json
import random
import secrets
import signal
import tempfile
import time
from pathlib import Path

from counting import Count, Platforms
from mischief import FAULTS, Mischief
from people import Firm
from world import World, running

from tollway.stopping import leave

STILL_SECONDS = 300.0
"""For how long, once all is well again, nothing more may come to its end before it counts as lost."""
LOOK_SHARE = 20
"""How many times as long as a count takes is waited until the next: it asks platforms that have enough to do."""


async def main(folder: Path, deals: int, kills: int, workers: int, seed: int, pause: float) -> int:
    """Run, print, and answer the exit status; the servers' logs are left in the folder."""
    running_here = asyncio.current_task()
    assert running_here
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running_here.cancel)  # and stop what was started
    began, chance = time.monotonic(), random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    async with running(folder, workers) as world:
        firm = Firm(world, chance)
        platforms = Platforms(world, firm)
        said = await _play(world, firm, platforms, Mischief(world, chance, pause), deals, kills)
        await platforms.close()
        await firm.close()
    figures = said | {"seconds": round(time.monotonic() - began), "seed": seed}
    print(json.dumps(figures))
    return 1 if figures["lost"] or figures["doubled"] or figures["wrong"] else 0


async def _play(
    world: World, firm: Firm, platforms: Platforms, mischief: Mischief, deals: int, kills: int
) -> dict[str, int]:
    print(f"{deals} deals are entered", flush=True)
    await firm.enter(deals)
    await world.befall(*FAULTS)
    delivering = asyncio.create_task(firm.deliver())
    print("chaos begins", flush=True)
    await asyncio.gather(firm.sell(), mischief.reign(kills))
    await mischief.end()
    print(f"all is well again after {dict(mischief.done)}", flush=True)
    count = await _drained(firm, platforms)
    delivering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await delivering
    cases = await firm.open_cases()
    parked = {case["subject"].removeprefix("PRJ-") for case in cases}
    in_flight = await _in_flight(world, count.incomplete - parked)
    lost = count.incomplete - parked - in_flight
    for what, which in (("lost", lost), ("doubled", count.doubled), ("wrong", count.wrong)):
        for one in sorted(which)[:20]:
            print(f"{what}: {one}")
    for case in cases[:20]:
        print(f"case: {case['category']} {case['process_id']}: {case['summary']}")
    return {
        "deals": deals,
        "kills": mischief.kills,
        "lost": len(lost),
        "doubled": len(count.doubled),
        "wrong": len(count.wrong),
        "open_cases": len(cases),
        "in_flight": len(in_flight),
        "done": deals - len(count.incomplete),
    }


async def _drained(firm: Firm, platforms: Platforms) -> Count:
    """Wait until every deal is complete, while the desk mends; answers what is there then."""
    least, still_since = len(firm.deals) + 1, time.monotonic()
    while True:
        began = time.monotonic()
        count = await platforms.count()
        if len(count.incomplete) < least:
            least, still_since = len(count.incomplete), began
            print(f"{len(firm.deals) - least} of {len(firm.deals)} are complete", flush=True)
        if not count.incomplete or began > still_since + STILL_SECONDS:
            return count
        with contextlib.suppress(Exception):  # the next look does it
            await firm.mend()
        await asyncio.sleep(max(2.0, LOOK_SHARE * (time.monotonic() - began)))


async def _in_flight(world: World, opportunities: set[str]) -> set[str]:
    """Those of the deals that a process is still at work on."""
    query = "SELECT workflow_uuid FROM tollway_engine.workflow_status WHERE status IN ('PENDING', 'ENQUEUED')"
    pending = await world.postgres.ask(query)
    return {one for one in opportunities if any(one in process for process in pending)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two pieces of mischief")
    parser.add_argument("--keep", type=Path, help="a new folder for the servers' logs, which stay")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollway-chaos-", ignore_cleanup_errors=True) as made:
        where = given.keep or Path(made)
        where.mkdir(exist_ok=True)
        where.chmod(0o755)  # PostgreSQL runs as somebody else
        status = asyncio.run(main(where, given.deals, given.kills, given.workers, given.seed, given.pause))
    leave(status)
