"""The seeded Tryton database: built once, which takes minutes, then restored in seconds from a dump in the cache."""

import asyncio
import datetime as dt
import fcntl
import hashlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import msgspec

from tollway.cli.tryton_server.postgres import Postgres
from tollway.cli.tryton_server.processes import environment, run
from tollway.cli.tryton_server.trytond import DATABASE, trytond

Tell = Callable[[str], None]
HERE = Path(__file__).parent
REQUIREMENTS, SEED_SCRIPT = HERE / "requirements.txt", HERE / "seed.py"
MODULES = (
    *("party", "company", "currency", "country", "product"),
    *("account", "account_invoice", "account_product", "account_credit_limit"),
    *("timesheet", "project", "project_invoice"),
)
"""The Tryton modules that are activated, with whatever they depend on."""
USER = "integration"
"""The login that the seed script makes for the project: in every group, but no administrator."""


class Seed(msgspec.Struct, frozen=True):
    """What is known of the database that the dump beside it holds."""

    user: str
    password: str
    """Made up when the database was built; it opens copies of this one database and nothing else."""
    companies: dict[str, int]
    """The id of each company by its name."""


@asynccontextmanager
async def exclusively(cache: Path) -> AsyncIterator[None]:
    """Keep other processes that use the same cache waiting until the block ends."""
    with await asyncio.to_thread(_lock, cache):
        yield


async def install(cache: Path, tell: Tell) -> Path:
    """Make the environment of the pinned Tryton packages unless the cache has it, and return its folder."""
    venv = cache / "venv"
    stamp = venv / "installed"
    pins = f"{sys.version}\n{REQUIREMENTS.read_text()}"
    if stamp.exists() and stamp.read_text() == pins:
        return venv
    tell("Installing Tryton and PostgreSQL into an environment of their own (about a minute, once).")
    await run(sys.executable, "-m", "venv", "--clear", venv, env=environment())
    pip = (venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    await run(*pip, "--requirement", REQUIREMENTS, env=environment())
    stamp.write_text(pins)
    return venv


async def provide(cache: Path, venv: Path, cluster: Postgres, tell: Tell) -> Seed:
    """Put the seeded database into `cluster`, from the cache when it is there, and return what is known of it."""
    dump = cache / f"seed-{_fingerprint()}.dump"
    known = dump.with_suffix(".json")
    await cluster.tool("createdb", "--template=template0", DATABASE)
    if dump.exists() and known.exists():
        seed = msgspec.json.decode(known.read_bytes(), type=Seed)
        await cluster.tool("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={DATABASE}", dump)
        return seed
    seed = await _build(venv, cluster, tell)
    _forget_others(dump)
    _write_private(known, msgspec.json.encode(seed))
    # The dump comes last and appears whole: it is what tells that the cache is complete.
    _write_private(dump, await cluster.tool("pg_dump", "--format=custom", DATABASE))
    return seed


async def _build(venv: Path, cluster: Postgres, tell: Tell) -> Seed:
    tell("Building the Tryton database (two to four minutes, once).")
    python, admin = venv / "bin" / "python", secrets.token_urlsafe(24)
    env = cluster.environment | {"TRYTOND_DATABASE__URI": "postgresql://", "TRYTONPASSFILE": "/dev/stdin"}
    activate = ("--activate-dependencies", "--email", "admin@example.com", "-u", *MODULES)
    await run(python, venv / "bin" / "trytond-admin", "-d", DATABASE, *activate, env=env, given=f"{admin}\n".encode())
    tell("Seeding companies, charts of accounts, fiscal years, taxes and products (under a minute, once).")
    password = secrets.token_urlsafe(24)
    async with trytond(venv, cluster) as url:
        task = {"url": url, "database": DATABASE, "admin": admin, "user": USER, "password": password}
        printed = await run(python, SEED_SCRIPT, env=environment(), given=msgspec.json.encode(task))
    return Seed(USER, password, msgspec.json.decode(printed, type=dict[str, int]))


def _lock(cache: Path) -> IO[str]:
    """Wait for the cache's lock and return the file that holds it until it is closed."""
    cache.mkdir(parents=True, exist_ok=True)
    lock = (cache / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _fingerprint() -> str:
    """What the seed depends on: the pins, the modules, the script, and the year its fiscal years lie around."""
    today = dt.datetime.now(dt.UTC).astimezone()
    parts = (REQUIREMENTS.read_text(), SEED_SCRIPT.read_text(), " ".join(MODULES), str(today.year))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _forget_others(dump: Path) -> None:
    """Delete the seeds of other pins and scripts."""
    for old in dump.parent.glob("seed-*"):
        if old.stem != dump.stem:
            old.unlink()


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only we may read; it appears whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)
