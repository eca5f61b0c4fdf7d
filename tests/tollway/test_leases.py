"""Leases: one of several workers has it, for as long as it says that it is there, on either database."""

import asyncio

import pytest

from tollway.storage.leases import Leases

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


async def test_one_holder_at_a_time(database):
    """Of workers that ask at once one gets the lease, and may renew it."""
    workers = [Leases(database, f"worker-{number}") for number in range(5)]
    taken = await asyncio.gather(*[worker.take("sweep", 30) for worker in workers])
    assert taken.count(True) == 1
    assert await workers[taken.index(True)].take("sweep", 30)
    assert await workers[taken.index(False)].take("another", 30)


async def test_a_lease_ends(database):
    """A worker that says nothing any more loses the lease to the next that asks."""
    first, second = Leases(database, "first"), Leases(database, "second")
    assert await first.take("sweep", 0.2)
    assert not await second.take("sweep", 30)
    await asyncio.sleep(0.3)
    assert await second.take("sweep", 30)
    assert not await first.take("sweep", 30)


async def test_a_lease_is_given_back(database):
    """What is given back is free at once; nobody gives back another's."""
    first, second = Leases(database, "first"), Leases(database, "second")
    assert await first.take("sweep", 30)
    await second.give_back("sweep")
    assert not await second.take("sweep", 30)
    await first.give_back("sweep")
    assert await second.take("sweep", 30)
