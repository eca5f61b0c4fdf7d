"""A backup holds one moment of everything, and a restore puts back exactly that, or changes nothing."""

import asyncio
import datetime as dt
import hashlib
import io
import secrets
import shutil
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psycopg
import pytest
from sqlalchemy import func, insert, select, text, update

from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.audit.verification import read_head, verify
from tollway.backup.backup import back_up
from tollway.backup.manifest import NAME
from tollway.backup.restore import restore
from tollway.backup.restores import Restores
from tollway.cases import Cases
from tollway.effects import Effects, Outcome
from tollway.engine import Engine, Process, step
from tollway.engine.workers import Worker
from tollway.problems import StartupError, Throttled
from tollway.storage import open_database
from tollway.storage.database import UNFINISHED
from tollway.storage.tables import effects, event_head, events, leases, workers

either = pytest.mark.parametrize("system", ["sqlite", "postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("system", ["sqlite"], indirect=True)
ARCHIVE = "tollway.tar"


class Order(msgspec.Struct):
    """What the process of these tests is given."""

    id: str


class System:
    """A system with some of everything."""

    def __init__(self, folder, url) -> None:
        self.folder = folder
        self.url = url
        self.archive = folder / ARCHIVE

    async def opened(self):
        return await open_database(self.folder / "state", self.url)

    async def work(self, *orders: str) -> None:
        """Run processes that have effects, in an engine that is stopped afterwards."""
        database = await self.opened()

        @step
        async def deliver(order: str) -> None:
            await self.deliver(order)

        async def run(order: Order) -> None:
            await deliver(order.id)

        process = Process(name="delivery", run=run, subject=lambda order: order.id)
        engine = Engine(Cases(database), [process])
        await engine.launch(self.folder / "state", self.url, "worker", database if self.url else None)
        for order in orders:
            await engine.start("delivery", f"delivery:{order}", Order(id=order))
            await engine.wait(f"delivery:{order}", 20)
        self.processes = sorted(one.process_id for one in (await engine.processes()).items)
        await engine.close(0.1)
        await AuditTrail(database).record(Deed(action="orders.taken", about=" ".join(orders)))
        await database.close()

    async def deliver(self, order: str) -> None:
        """Have an effect."""
        database = await self.opened()

        async def send() -> str:
            return f"delivered {order}"

        async def find() -> None:
            return None

        await Effects(database, [0.0]).apply(f"delivery:{order}", order, send, find, str)
        await database.close()

    async def effects(self) -> dict[str, str]:
        database = await self.opened()
        async with database.transaction() as connection:
            found = {row.identity: row.outcome for row in await connection.execute(select(effects))}
        await database.close()
        return found

    def back_up(self):
        return back_up(self.folder / "state", self.url, self.archive)

    async def restore(self, **options):
        return await restore(self.folder / "state", self.url, self.archive, **options)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory, postgres_cluster):
    """Makes, once for each form, a system that has delivered two orders; answers its folder and database."""
    made = {}

    def seed(form: str) -> System:
        if form not in made:
            name = f"seed_{secrets.token_hex(4)}" if form == "postgresql" else ""
            if name:
                create_database(postgres_cluster, name)
            url = f"postgresql://postgres@/{name}?host={postgres_cluster.environment['PGHOST']}" if name else ""
            made[form] = System(tmp_path_factory.mktemp("seed"), url)
            asyncio.run(made[form].work("A", "B"))
        return made[form]

    return seed


@pytest.fixture
def system(tmp_path, request, seeds, postgres_cluster):
    """A system that has delivered two orders."""
    seed = seeds(request.param)
    if seed.url:
        old, new = seed.url.rpartition("/seed_")[2].partition("?")[0], secrets.token_hex(4)
        create_database(postgres_cluster, f"seed_{new}", "--template", f"seed_{old}")
        return System(tmp_path, seed.url.replace(old, new))
    shutil.copytree(seed.folder / "state", tmp_path / "state")
    return System(tmp_path, "")


def create_database(cluster, name, *more) -> None:
    subprocess.run([cluster.binaries / "createdb", *more, name], env=cluster.environment, check=True)


@either
async def test_what_is_restored_is_what_was_backed_up(system):
    """Every row of every table comes back, business data and engine together; what came later is gone."""
    made = system.back_up()
    assert made.rows["tollway.effects"] == 2
    assert made.rows["tollway_engine.workflow_status"] == 2
    await system.work("C")
    assert len(system.processes) == 3
    await system.restore(replace=True)
    assert await system.effects() == {"delivery:A": Outcome.APPLIED, "delivery:B": Outcome.APPLIED}
    await system.work()
    assert system.processes == ["delivery:A", "delivery:B"]


@either
async def test_the_audit_goes_on_behind_the_backup(system):
    """The chain holds across the restore, which is itself in it with the head that the backup had."""
    made = system.back_up()
    await system.restore(replace=True)
    database = await system.opened()
    result = await verify(database)
    assert result.broken is None
    position = int(made.audit_head.partition(":")[0])
    assert result.head.position == position + 1
    async with database.transaction() as connection:
        said = (await connection.execute(text(f"SELECT operation, said FROM audit WHERE id = {position + 1}"))).one()
    assert said.operation == "backup.restored"
    assert made.audit_head in said.said
    await database.close()


@either
async def test_what_was_not_done_by_then_is_in_doubt(system):
    """What was put off before the backup may have been done after it, so that a restore leaves it unknown."""
    database = await system.opened()

    async def throttled() -> str:
        raise Throttled("Later.")

    async def find() -> None:
        return None

    with pytest.raises(Throttled):
        await Effects(database).apply("delivery:C", "C", throttled, find, str)
    system.back_up()

    async def send() -> str:
        return "delivered C"

    await Effects(database).apply("delivery:C", "C", send, find, str)
    await database.close()
    await system.restore(replace=True)
    assert (await system.effects())["delivery:C"] == Outcome.UNKNOWN


@either
async def test_what_is_done_beside_a_backup_is_in_it_as_a_whole_or_not_at_all(system):
    """Two tables that are written together agree in a backup that is made amid such transactions."""
    database = await system.opened()
    written, first, enough = 0, asyncio.Event(), asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not enough.is_set():
            async with database.transaction() as connection:
                row = {"name": f"{written}", "holder": "h", "until": 0.0}
                await connection.execute(insert(leases).values(row))
                await connection.execute(update(event_head).values(position=event_head.c.position + 1))
            written += 1
            first.set()

    writing = asyncio.create_task(write())
    await first.wait()
    with ThreadPoolExecutor() as aside:
        made = await asyncio.get_running_loop().run_in_executor(aside, system.back_up)
        so_far = written
        while written == so_far and not writing.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        enough.set()
        await writing
    await database.close()
    kept = made.rows["tollway.leases"]
    await system.restore(replace=True)
    database = await system.opened()
    async with database.transaction() as connection:
        position = (await connection.execute(select(event_head.c.position))).scalar_one()
    await database.close()
    assert 0 < kept < written
    assert position % 10_000 == kept


@either
async def test_places_of_events_are_never_given_twice(system):
    """Behind a restore events are numbered far beyond whatever may have been told since the backup."""
    database = await system.opened()
    async with database.transaction() as connection:
        await connection.execute(update(event_head).values(position=41))
    system.back_up()
    await database.close()
    await system.restore(replace=True)
    database = await system.opened()
    async with database.transaction() as connection:
        assert (await connection.execute(select(event_head.c.position))).scalar_one() >= 1_000_041
    await database.close()


@either
async def test_numbers_go_on_where_they_were(system):
    """A column that counts goes on behind the last number that it gave, even when that row is gone by then."""
    database = await system.opened()
    row = {"type": "t", "subject": "s", "occurred_at": dt.datetime.now(dt.UTC), "body": "{}"}
    async with database.transaction() as connection:
        for number in range(3):
            await connection.execute(insert(events).values(row | {"event_id": f"{number}"}))
        await connection.execute(events.delete())
    await database.close()
    system.back_up()
    await system.restore(replace=True)
    database = await system.opened()
    async with database.transaction() as connection:
        made = await connection.execute(insert(events).values(row | {"event_id": "4"}).returning(events.c.id))
        assert made.scalar_one() == 4
    await database.close()


@either
async def test_a_restore_is_remembered_until_it_was_caught_up_with(system):
    """The records know from when on they know nothing, and leases and workers of the time before are gone."""
    database = await system.opened()
    async with database.transaction() as connection:
        await connection.execute(insert(leases).values(name="poller:x", holder="h", until=4e9))
    made = system.back_up()
    await database.close()
    await system.restore(replace=True)
    database = await system.opened()
    async with database.transaction() as connection:
        for table in (leases, workers):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 0
    forgotten = await Restores(database).forgotten()
    assert forgotten.since == made.made_at
    await Restores(database).caught_up("run")
    assert await Restores(database).forgotten() is None
    assert (await read_head(database)).position == int(made.audit_head.partition(":")[0]) + 2
    await database.close()


@either
async def test_a_system_that_runs_is_neither_replaced_nor_disturbed(system):
    """A restore is refused while a worker lives, and changes nothing."""
    system.back_up()
    database = await system.opened()
    worker = Worker(database, "casework:127.0.0.1:8108#1", "1")
    await worker.begin()
    before = await system.effects()
    with pytest.raises(StartupError, match="stop"):
        await system.restore(replace=True)
    await worker.end()
    await database.close()
    assert await system.effects() == before
    await system.restore(replace=True)


@either
async def test_what_is_there_is_kept_unless_it_is_to_be_replaced(system):
    """Without --replace a target that holds something is refused."""
    system.back_up()
    await system.deliver("C")
    with pytest.raises(StartupError, match="--replace"):
        await system.restore()
    assert len(await system.effects()) == 3


@on_sqlite
async def test_a_backup_restores_into_nothing(system):
    """A folder that is gone is made."""
    system.back_up()
    shutil.rmtree(system.folder / "state")
    await system.restore()
    assert len(await system.effects()) == 2


@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
async def test_a_database_that_is_gone_is_made(system, postgres_url):
    """A new PostgreSQL database takes the backup of another, with tables as the engine makes them, and works."""
    system.back_up()
    shape = engine_tables(system.url)
    system.url = postgres_url
    await system.restore()
    assert engine_tables(system.url) == shape
    await system.work("C")
    assert system.processes == ["delivery:A", "delivery:B", "delivery:C"]
    assert len(await system.effects()) == 3


def engine_tables(url) -> list:
    """The engine's columns, indexes, constraints and functions, as PostgreSQL spells them."""
    queries = (
        (
            "SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns "
            "WHERE table_schema = 'tollway_engine' ORDER BY 1, 2"
        ),
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'tollway_engine' ORDER BY 1",
        (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'tollway_engine'::regnamespace ORDER BY 1, 2"
        ),
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'tollway_engine'::regnamespace ORDER BY 1",
        (
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE "
            "'tollway_engine.%' ORDER BY 1"
        ),
    )
    with psycopg.connect(url) as connection:
        found = [connection.execute(query).fetchall() for query in queries]
    assert all(found[:4])
    return found


def rewritten(archive, change) -> None:
    """Make the archive anew with other contents; `change` gets each member's name and content."""
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    with tarfile.open(archive, "w") as tar:
        for name, content in members.items():
            changed = change(name, content)
            if changed is not None:
                header = tarfile.TarInfo(name)
                header.size = len(changed)
                tar.addfile(header, io.BytesIO(changed))


def manifest_changed(**changes):
    """A change of what the manifest says."""

    def change(name, content):
        return msgspec.json.encode(msgspec.json.decode(content) | changes) if name == NAME else content

    return change


def flipped(name, content):
    """One bit of each part is another."""
    return content if name == NAME else bytes([*content[:20], content[20] ^ 1, *content[21:]])


def without_parts(name, content):
    """A part is missing."""
    return None if "effects" in name or name == "engine.db" else content


@pytest.mark.parametrize(
    ("system", "change", "words"),
    [
        ("sqlite", flipped, "is damaged"),
        ("postgresql", flipped, "is damaged"),
        ("sqlite", without_parts, "is missing"),
        ("sqlite", lambda name, content: b"{" if name == NAME else content, "cannot be read"),
        ("sqlite", manifest_changed(revision="9999"), "newer release"),
        ("postgresql", manifest_changed(engine_version=9999), "newer release"),
        ("sqlite", manifest_changed(format=2), "format 2"),
        ("sqlite", manifest_changed(audit_head=f"1:{'0' * 64}"), "audit was changed"),
        ("postgresql", manifest_changed(audit_head=f"1:{'0' * 64}"), "audit was changed"),
    ],
    indirect=["system"],
)
async def test_what_is_damaged_or_unknown_is_refused(system, change, words):
    """A restore of it says what is wrong, and changes nothing."""
    system.back_up()
    await system.deliver("C")
    rewritten(system.archive, change)
    with pytest.raises(StartupError, match=words):
        await system.restore(replace=True)
    assert len(await system.effects()) == 3


@on_sqlite
async def test_a_file_that_ends_early_is_refused(system):
    """An archive of which the end is missing is damaged, wherever it ends."""
    system.back_up()
    whole = system.archive.read_bytes()
    for length in (0, 100, 5_000, len(whole) // 2):
        system.archive.write_bytes(whole[:length])
        with pytest.raises(StartupError, match="damaged"):
            await system.restore(replace=True)


@on_sqlite
async def test_the_other_form_is_refused(system, postgres_url):
    """A backup of SQLite files does not go into PostgreSQL."""
    system.back_up()
    with pytest.raises(StartupError, match="restore it where it is of"):
        await restore(system.folder, postgres_url, system.archive)


@on_sqlite
async def test_an_interrupted_exchange_lets_nothing_start(system, monkeypatch):
    """Between the two files nothing works with a mixture; the restore is repeated and then it does."""
    system.back_up()
    await system.deliver("C")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            await system.restore(replace=True)
    with pytest.raises(StartupError, match="interrupted"):
        await system.opened()
    await system.restore()
    assert not (system.folder / "state" / UNFINISHED).exists()
    assert len(await system.effects()) == 2


@either
async def test_an_archive_is_its_owners_and_replaces_none(system):
    """Nobody else reads it, it holds no key, and an earlier one of its name stays as it is."""
    (system.folder / "state").mkdir(exist_ok=True)
    (system.folder / "state" / "identity.key").write_text("very-secret-key")
    system.back_up()
    assert system.archive.stat().st_mode & 0o777 == 0o600
    assert b"very-secret-key" not in system.archive.read_bytes()
    before = hashlib.sha256(system.archive.read_bytes()).hexdigest()
    with pytest.raises(StartupError, match="already"):
        system.back_up()
    assert hashlib.sha256(system.archive.read_bytes()).hexdigest() == before
    assert [file.name for file in system.folder.iterdir() if file.name != "state"] == [ARCHIVE]


async def test_nothing_to_back_up_is_said(tmp_path, postgres_url):
    """A folder or database without a system is no empty backup."""
    for url in ("", postgres_url):
        with pytest.raises(StartupError, match="There is nothing to back up"):
            back_up(tmp_path / "state", url, tmp_path / ARCHIVE)
    with pytest.raises(StartupError, match="cannot be backed up"):
        back_up(tmp_path, "postgresql://nobody@127.0.0.1:1/x", tmp_path / ARCHIVE)
