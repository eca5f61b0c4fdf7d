"""Work that requests leave to a thread is done in whole batches, in time, and never waited for."""

import threading
import time
from collections.abc import Callable

from tollway.telemetry.batches import Batches


def until(true: Callable[[], bool]) -> None:
    """Wait for what a thread does."""
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_what_comes_while_a_batch_is_worked_off_waits_for_the_next_one() -> None:
    """Else a busy process would work off a few at a time, each time at the cost of a whole batch."""
    sizes: list[int] = []

    def work(batch: list[int]) -> None:
        sizes.append(len(batch))
        if len(sizes) == 1:
            batches.put(0)

    batches = Batches("test", work, [0.0], full=10, seconds=60)
    for number in range(11):
        batches.put(number)
    until(lambda: bool(sizes))
    time.sleep(0.1)
    assert sizes == [10]
    batches.close()
    assert sizes == [10, 2]


def test_what_makes_no_batch_is_worked_off_in_time() -> None:
    """The last ones of a busy time wait no longer than was said, and a batch that is full waits for nothing."""
    done: list[int] = []
    batches = Batches("test", done.extend, [0.0], full=10, seconds=0.05)
    for number in range(25):
        batches.put(number)
    until(lambda: done == list(range(25)))
    batches.close()


def test_a_thread_outlives_what_goes_wrong() -> None:
    """A batch that fails is counted as dropped, and the next one is worked off."""
    dropped, done = [0.0], []

    def work(batch: list[int]) -> None:
        if 1 in batch:
            raise OSError("the disk is full")
        done.extend(batch)

    batches = Batches("test", work, dropped, seconds=0.01)
    batches.put(1)
    until(lambda: dropped == [1.0])
    batches.put(2)
    batches.close()
    assert (dropped, done) == ([1.0], [2])


def test_what_cannot_be_worked_off_is_dropped_and_counted() -> None:
    """Beyond the bound nothing waits in memory, and nobody waits for room."""
    dropped, held, done = [0.0], threading.Event(), []

    def work(batch: list[int]) -> None:
        held.wait(10)
        done.extend(batch)

    batches = Batches("test", work, dropped, most=100, full=10, seconds=0.01)
    for number in range(1000):
        batches.put(number)
    assert dropped[0] >= 890
    held.set()
    batches.close()
    assert len(done) + dropped[0] == 1000
