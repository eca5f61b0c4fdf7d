"""The processor time that processes and all they started have used, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12
"""Places in /proc/<pid>/stat behind the program's name."""


def tree(roots: Iterable[int]) -> set[int]:
    """The processes and all their descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[_PARENT])
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                continue
    found, waiting = set(), list(roots)
    while waiting:
        parent = waiting.pop()
        found.add(parent)
        waiting += [child for child, its in parents.items() if its == parent and child not in found]
    return found


def seconds(processes: Iterable[int]) -> float:
    """Processor seconds used so far; raises FileNotFoundError when one of the processes has ended."""
    return sum(int(fields[_USER]) + int(fields[_SYSTEM]) for fields in map(_stat, processes)) / _TICKS


def _stat(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
