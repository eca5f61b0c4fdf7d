"""The Tryton server process on one database of a cluster."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tollway.cli.tryton_server.postgres import Postgres
from tollway.cli.tryton_server.processes import ensure_alive, running
from tollway.problems import StartupError

DATABASE = "tollway"
START_SECONDS = 60


@asynccontextmanager
async def trytond(venv: Path, cluster: Postgres) -> AsyncIterator[str]:
    """Serve the database on a free loopback port until the block ends; yields the base URL."""
    with tempfile.TemporaryDirectory(prefix="tollway-tryton-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), _free_port()
        config, log = folder / "trytond.conf", folder / "log"
        config.write_text(f"[database]\nuri = postgresql://\n[web]\nlisten = 127.0.0.1:{port}\nroot =\n")
        # Without -d the server fails at the first login, because it has not loaded the database's modules by then.
        command = (venv / "bin" / "python", venv / "bin" / "trytond", "-c", config, "-d", DATABASE)
        async with running(*command, env=cluster.environment, log=log) as process:
            url = f"http://127.0.0.1:{port}"
            await _until_answers(url, process, log)
            yield url


async def _until_answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    question = {"id": 0, "method": "common.server.version", "params": []}
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(START_SECONDS * 10):
            ensure_alive(process, "Tryton", log)
            try:
                (await http.post(f"{url}/rpc/", json=question)).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
    raise StartupError(f"Tryton did not answer within {START_SECONDS} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
