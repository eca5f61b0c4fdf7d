"""A worker as a process of its own: `engine_worker.py URL FOLDER NAME`, told to stop by SIGTERM.

Every order takes three steps. Each notes who took it in FOLDER/notes, and waits while FOLDER/hold/ORDER is there.
"""

import asyncio
import os
import sys
from pathlib import Path

from tollway.canonical.statement import BillingChange
from tollway.cases import Cases
from tollway.engine import Engine, Process, step
from tollway.stopping import told_to_stop
from tollway.storage import open_database


class Steps:
    """The steps of an order."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    @step
    async def take(self, number: str) -> str:
        await self._work("take", number)
        return "taken"

    @step
    async def pack(self, number: str) -> str:
        await self._work("pack", number)
        return "packed"

    @step
    async def ship(self, number: str) -> str:
        await self._work("ship", number)
        return "shipped"

    async def _work(self, verb: str, number: str) -> None:
        self._note(f"{self._name} began {verb} {number}")
        await asyncio.sleep(0.05)
        while verb == "pack" and (self._folder / "hold" / number).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self._note(f"{self._name} ended {verb} {number}")

    def _note(self, line: str) -> None:
        with os.fdopen(os.open(self._folder / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND), "w") as notes:
            notes.write(f"{line}\n")

    async def order(self, change: BillingChange) -> str:
        number = change.project_number
        return ", ".join([await self.take(number), await self.pack(number), await self.ship(number)])


async def work(url: str, folder: Path, name: str) -> None:
    """Work until told to stop."""
    database = await open_database(folder, url)
    steps = Steps(folder, name)
    order = Process(name="order", run=steps.order, subject=lambda change: change.project_number)
    engine = Engine(Cases(database), [order])
    await engine.launch(folder, url, name, database)
    print("ready", flush=True)  # noqa: T201
    for number in sys.argv[4:]:
        await engine.start("order", f"order:{number}", BillingChange(project_number=number, trigger="test"))
    await told_to_stop()
    await engine.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
