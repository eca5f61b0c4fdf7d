"""Where tasks run: a folder for SQLite, a database of its own in one PostgreSQL, and a process for each task."""

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bench.engine.tasks import Measure, Task
from bench.gateway.cpu import tree
from bench.gateway.postgres import Store

LONGEST = 600
_OWN, _WITH_ENDED = slice(11, 13), slice(11, 15)
"""Places in /proc/<pid>/stat behind the program's name: user and system time, and those of children that ended."""


class Stage:
    """Runs tasks on databases that nobody else uses."""

    def __init__(self, folder: Path, store: Store | None) -> None:
        self._folder = folder
        self._store = store
        self._numbers = itertools.count(1)

    def sqlite(self, task: Task) -> Measure:
        """Run a task on new SQLite files."""
        folder = self._folder / f"sqlite-{next(self._numbers)}"
        folder.mkdir()
        return run([msgspec.structs.replace(task, folder=str(folder))])[0]

    def postgresql(self, task: Task, url: str = "") -> Measure:
        """Run a task on a new PostgreSQL database, or on one that is there."""
        return self.together([task], url or self.database())[0]

    def together(self, tasks: Sequence[Task], url: str) -> list[Measure]:
        """Run tasks side by side on a PostgreSQL database."""
        return run([msgspec.structs.replace(task, folder=str(self._folder), url=url) for task in tasks])

    def with_servers(self, task: Task, url: str) -> tuple[Measure, float]:
        """A task, and the processor seconds that PostgreSQL used while it ran."""
        before = self._server_seconds()
        return self.postgresql(task, url), self._server_seconds() - before

    def _server_seconds(self) -> float:
        """What PostgreSQL used so far, those of its processes included that have ended."""
        used = 0
        for root in self._store.processes if self._store else ():
            for process in tree([root]):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended just now
                    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                    used += sum(map(int, fields[_OWN if process != root else _WITH_ENDED]))
        return used / os.sysconf("SC_CLK_TCK")

    def database(self) -> str:
        """The address of a new PostgreSQL database."""
        if self._store is None:
            raise RuntimeError("PostgreSQL's binaries cannot be run from where they are.")
        name = f"bench_{next(self._numbers)}"
        address = make_url(self._store.url)
        self.execute(self._store.url, f"CREATE DATABASE {name}")
        return address.set(database=name).render_as_string(hide_password=False)

    def execute(self, url: str, *statements: str) -> None:
        """Run statements, each by itself."""
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


def run(tasks: Sequence[Task]) -> list[Measure]:
    """Run each task in a process of its own, all at once; raises RuntimeError with the last words of one that fails."""
    started = [
        subprocess.Popen(  # noqa: S603 - the command is the bench's own
            [sys.executable, "-m", "bench.engine.tasks", msgspec.json.encode(task)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for task in tasks
    ]  # fmt: skip
    measures = []
    try:
        for process in started:
            out, said = process.communicate(timeout=LONGEST)
            if process.returncode:
                raise RuntimeError(said[-2000:])
            measures.append(msgspec.json.decode(out.splitlines()[-1], type=Measure))
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()
    return measures
