"""The processor time that processes and all they started have used, from /proc."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)
"""Places in /proc/<pid>/stat behind the program's name; the times are its own and those of its children that ended."""


def seconds(roots: Iterable[int]) -> float:
    """Processor seconds used so far by these and all their descendants, also by those that have ended meanwhile."""
    stats = _stats()
    used, waiting = 0, list(roots)
    while waiting:
        parent = waiting.pop()
        used += sum(map(int, stats[parent][_TIMES]))
        waiting += [child for child, its in stats.items() if int(its[_PARENT]) == parent]
    return used / _TICKS


def _stats() -> Mapping[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                continue
    return found
