"""A worker of its own process that calls an account again and again by the quota that all workers share.

Arguments: where the account answers, where Redis does, how many calls, how many at once, and each call's priority.
Tells at its end how many were refused.
"""

import asyncio
import sys

from tollway.context import Priority, prioritised
from tollway.http.platforms import PlatformClient
from tollway.limits.connection import SharedRates
from tollway.problems import Throttled
from tollway.quota import Quotas, QuotaSettings
from tollway.settings import RedisSettings


async def main(url: str, redis: str, calls: int, most: int, priority: Priority) -> None:
    shared = SharedRates(RedisSettings(url=redis, timeout=20))
    quotas = Quotas(shared)
    settings = QuotaSettings(concurrency=most, longest_wait_seconds=30)
    client = PlatformClient("NetSuite", url, quota=quotas.of("books", "NetSuite", settings), connections=100)
    refused = 0

    async def call() -> None:
        nonlocal refused
        try:
            with prioritised(priority):
                await client.send("GET", "/something")
        except Throttled:
            refused += 1

    await asyncio.gather(*(call() for _ in range(calls)))
    await client.close()
    await quotas.close()
    await shared.close()
    sys.stdout.write(f"refused {refused}")


if __name__ == "__main__":
    where, at, count, at_once, urgency = sys.argv[1:]
    asyncio.run(main(where, at, int(count), int(at_once), Priority(urgency)))
