"""The metrics of all workers on one machine: each writes its own to a folder, and whoever is asked adds them up.

`<worker>.lock` is held by its worker while that runs, `<worker>.metrics` is what it last wrote. What ended workers
counted is folded into `ended.metrics`, so that counters never fall, also over a restart.
"""

import fcntl
import os
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from tollway.problems import StartupError
from tollway.telemetry.metrics import Family, Labels, Merge, Metrics

WRITE_SECONDS = 1.0
_MERGING = "merging"
log = structlog.get_logger()
T = TypeVar("T")


class Written(msgspec.Struct, array_like=True):
    """One metric as it is written."""

    name: str
    about: str
    labels: Labels
    merge: Merge
    bounds: tuple[float, ...]
    folded: frozenset[str]
    most: int
    series: list[tuple[Labels, list[float]]]


class _Ended(msgspec.Struct):
    """What ended workers counted."""

    metrics: list[Written] = []
    folded: list[str] = []
    """Workers that are in it already, though a crash may have left their files."""


class WorkerMetrics:
    """The metrics of this worker, and the sum over all in the same folder."""

    def __init__(self, metrics: Metrics, folder: Path) -> None:
        """Join the workers of the folder; raises StartupError when it cannot be written to."""
        self._metrics = metrics
        self._folder = folder
        self._name = uuid.uuid4().hex
        self._writing = threading.Lock()
        self._ended = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder / _MERGING):  # a lock file that nobody holds yet is that of an ended worker
                self._own = _lock(self._path("lock"))
            self.write()
        except OSError as error:
            raise StartupError(f"The folder of metrics {folder} cannot be written to: {error.strerror}.") from error
        self._thread = threading.Thread(target=self._go_on_writing, name="metrics", daemon=True)
        self._thread.start()

    def write(self) -> None:
        """Let the other workers know what was counted so far."""
        written = [_written(family) for family in self._metrics.families()]
        with self._writing:
            _replace(self._path("metrics"), msgspec.msgpack.encode(written))

    def merged(self) -> list[Family]:
        """Every metric over all workers; never less than what any of them told before."""
        self.write()
        merged: dict[str, Family] = {}
        with _locked(self._folder / _MERGING):
            _merge(merged, self._fold_ended().metrics)
            for path in sorted(self._folder.glob("*.lock")):
                _merge(merged, _read(path.with_suffix(".metrics"), list[Written]) or [])
        return list(merged.values())

    def close(self) -> None:
        """Write for the last time and leave the workers."""
        self._ended.set()
        self._thread.join()
        self.write()
        os.close(self._own)

    def _path(self, kind: str) -> Path:
        return self._folder / f"{self._name}.{kind}"

    def _go_on_writing(self) -> None:
        while not self._ended.wait(WRITE_SECONDS):
            try:
                self.write()
            except OSError as error:  # a full disk; the next look may find room
                log.warning("metrics cannot be written", reason=str(error))

    def _fold_ended(self) -> _Ended:
        """Add up what ended workers left; their files go only once that is written."""
        kept = self._folder / "ended.metrics"
        ended = _read(kept, _Ended) or _Ended()
        left = [path for path in self._folder.glob("*.lock") if path.stem != self._name and _is_free(path)]
        if not left:
            return ended
        merged: dict[str, Family] = {}
        _merge(merged, ended.metrics)
        for path in left:
            if path.stem not in ended.folded:
                _merge(merged, _read(path.with_suffix(".metrics"), list[Written]) or [], bounded=True)
        lasting = [_written(family) for family in merged.values() if not family.merge.startswith("live")]
        ended = _Ended(lasting, [path.stem for path in left])
        _replace(kept, msgspec.msgpack.encode(ended))
        for path in left:
            path.with_suffix(".metrics").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        return ended


def _written(family: Family) -> Written:
    # list(dict.items()) is one step for the interpreter, so that a request of another thread cannot come between.
    series = list(family.values.items())
    return Written(
        family.name, family.about, family.labels, family.merge, family.bounds, family.folded, family.most, series
    )


def _merge(merged: dict[str, Family], metrics: list[Written], *, bounded: bool = False) -> None:
    """Add metrics up; of one that changed its form from one release to the next, the older is left out.

    `bounded` keeps each to the most series that a worker may have: over many restarts there would be ever more.
    """
    for written in metrics:
        family = merged.get(written.name)
        form = (written.labels, written.merge, written.bounds)
        if family is None or (family.labels, family.merge, family.bounds) != form:
            family = merged[written.name] = Family(
                name=written.name,
                about=written.about,
                labels=written.labels,
                merge=written.merge,
                bounds=written.bounds,
                folded=written.folded,
            )
        family.most = written.most if bounded else sys.maxsize
        for labels, numbers in written.series:
            total = family.series(labels)
            for place, number in enumerate(numbers):
                total[place] = max(total[place], number) if family.merge.endswith("max") else total[place] + number


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:  # of another release; replaced files are whole
        log.warning("metrics cannot be read", file=str(path), reason=str(error))
        return None


def _replace(path: Path, content: bytes) -> None:
    made = path.with_suffix(".new")
    made.write_bytes(content)
    made.replace(path)


def _lock(path: Path, *, wait: bool = True) -> int:
    """A descriptor that holds the lock of a file until it is closed, by its process or by its end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _is_free(path: Path) -> bool:
    with suppress(BlockingIOError):
        os.close(_lock(path, wait=False))
        return True
    return False
