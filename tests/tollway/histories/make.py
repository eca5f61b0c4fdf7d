"""Makes the histories of this release: `python tests/tollway/histories/make.py`, run when a release is made.

Deals are won, every platform call is slow, and Tollway is killed in the middle. What it leaves (the engine's and the
business tables, and the sandboxes with what was done so far) is kept as SQL, for the next release to finish.
"""

import asyncio
import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import msgspec

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.cli.demo.deals import DEALS
from tollway.cli.demo.people import People
from tollway.engine.versions import VERSION
from tollway.http.ports import bound
from tollway.sandboxes import Fault
from tollway.settings import Settings, load

ROOT = Path(__file__).parents[3]
SLOW = msgspec.json.encode([Fault(kind="delay", delay_ms=250)])
LONGEST = 180
LEFT = "SELECT count(*) FROM workflow_status WHERE status = 'PENDING'"
DONE = "SELECT count(*) FROM operation_outputs"


async def main(folder: Path) -> None:
    """Leave deals half way, and keep them."""
    salesforce, netsuite, gateway = _ports(3)
    variables = {
        "TOLLWAY_STORAGE__FOLDER": str(folder),
        "TOLLWAY_GATEWAY__PORT": gateway,
        "TOLLWAY_SANDBOXES__SALESFORCE__PORT": salesforce,
        "TOLLWAY_SANDBOXES__NETSUITE__PORT": netsuite,
        "TOLLWAY_CONNECTIONS__SALESFORCE__URL": f"http://127.0.0.1:{salesforce}",
        "TOLLWAY_CONNECTIONS__NETSUITE__URL": f"http://127.0.0.1:{netsuite}",
    }
    settings = load(ROOT / "tollway.toml", variables)
    command = [sys.executable, "-m", "tollway.cli", "up", "--config", ROOT / "tollway.toml"]
    process = subprocess.Popen(command, env=os.environ | variables)  # noqa: ASYNC220 - at its start
    try:
        await asyncio.wait_for(_half_way(settings, folder / "engine.db"), LONGEST)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    _keep(folder, Path(__file__).parent / f"version-{VERSION}")


async def _half_way(settings: Settings, engine: Path) -> None:
    async with httpx.AsyncClient() as http:
        url = f"http://{settings.gateway.host}:{settings.gateway.port}/health/ready"
        while True:
            try:
                if (await http.get(url)).is_success:
                    break
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
        people = People(OrgClient(read_settings("salesforce", settings.connections["salesforce"])), dt.date.today())  # noqa: DTZ011
        opportunities = [await people.open_deal(deal) for deal in DEALS]
        for sandbox in settings.sandboxes.values():
            await http.put(f"http://127.0.0.1:{sandbox.port}/__sandbox__/faults", content=SLOW)
        await asyncio.gather(*map(people.close_won, opportunities))
        while _count(engine, LEFT) < len(DEALS) or _count(engine, DONE) < 2 * len(DEALS):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _ports(many: int) -> list[str]:
    sockets = [bound("127.0.0.1", 0) for _ in range(many)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _count(engine: Path, query: str) -> int:
    database = sqlite3.connect(engine)
    try:
        return int(database.execute(query).fetchone()[0])
    finally:
        database.close()


def _keep(folder: Path, kept: Path) -> None:
    for file in sorted(folder.rglob("*.db")):
        database = sqlite3.connect(file)
        target = (kept / file.relative_to(folder)).with_suffix(".sql")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(database.iterdump()) + "\n", "utf-8")
        database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(main(Path(made)))
