"""Work that a request leaves to a thread of its own, which does it in batches."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger()


class Batches(Generic[T]):
    """Takes items without ever waiting; what comes faster than it is worked off is dropped and counted."""

    def __init__(
        self,
        name: str,
        work: Callable[[list[T]], None],
        dropped: list[float],
        *,
        most: int = 20_000,
        full: int = 256,
        seconds: float = 0.5,
    ) -> None:
        """`work` is given up to `full` items at a time, at the latest `seconds` after they came.

        `dropped` is the counter's series for what exceeds `most` waiting items, or what `work` fails on.
        """
        self._name = name
        self._work = work
        self._dropped = dropped
        self._most = most
        self._full = full
        self._seconds = seconds
        self._items: list[T] = []
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Take an item."""
        items = self._items
        waiting = len(items)
        if waiting >= self._most:
            self._dropped[0] += 1
            return
        items.append(item)
        if waiting == self._full:
            self._wake.set()

    def close(self, seconds: float = 3.0) -> None:
        """Work off what waits, for `seconds` at most."""
        self._closing = True
        self._wake.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._closing:
            many = self._wake.wait(self._seconds)
            self._wake.clear()
            self._work_through(self._full if many else 1)
        self._work_through(1)

    def _work_through(self, least: int) -> None:
        """Work off what waits until fewer than `least` do: what comes meanwhile waits until it is a batch again."""
        while len(self._items) >= least:
            # Slicing and deleting are each one step for the interpreter; what is put between them stays.
            batch = self._items[: self._full]
            del self._items[: len(batch)]
            self._work_off(batch)

    def _work_off(self, batch: list[T]) -> None:
        try:
            self._work(batch)
        except Exception as error:  # noqa: BLE001 - the thread must outlive a full disk
            self._dropped[0] += len(batch)
            log.warning(
                "telemetry was lost", what=self._name, items=len(batch), reason=f"{type(error).__name__} {error}"
            )
