"""What the previous release left half way is finished by this one."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from tollway.canonical.process import ProcessStatus

HISTORIES = Path(__file__).parents[1] / "tollway" / "histories"
KEPT = sorted(folder.name for folder in HISTORIES.iterdir() if folder.is_dir() and folder.name.startswith("version-"))


class Left(msgspec.Struct):
    """A process as it was left."""

    process_id: str
    steps: list[str]


def restore(version: str, folder: Path) -> tuple[list[Left], set[str]]:
    """Put a release's files where this one looks for them; answers what was under way, and what was parked."""
    for kept in (HISTORIES / version).rglob("*.sql"):
        file = folder / kept.relative_to(HISTORIES / version).with_suffix(".db")
        file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(file)
        database.executescript(kept.read_text("utf-8"))
        database.close()
    database = sqlite3.connect(folder / "engine.db")
    query = """SELECT s.workflow_uuid, group_concat(o.function_name) FROM workflow_status s
        JOIN (SELECT * FROM operation_outputs ORDER BY function_id) o USING (workflow_uuid)
        WHERE s.status = 'PENDING' GROUP BY 1"""
    left = [Left(process_id, names.split(",")) for process_id, names in database.execute(query)]
    parked = {row[0] for row in database.execute("SELECT workflow_uuid FROM workflow_status WHERE status = 'ERROR'")}
    database.close()
    return left, parked


@pytest.mark.parametrize("version", KEPT)
async def test_histories_of_a_release_finish_on_this_one(version, tmp_path, settings, open_firm):
    """Deals that were half set up when the release stopped end with one customer and project each; parked ones stay."""
    left, parked = restore(version, tmp_path)
    assert len(left) > 1
    async with open_firm(settings) as firm:
        deals = {one.process_id.partition(":")[2] for one in left}
        for deal_id in deals:
            await firm.active(deal_id)
        engine = firm.running.installation.processes.engine
        for one in left:
            state = await engine.wait(one.process_id, 30)
            assert state.status is ProcessStatus.FINISHED
            assert [step.name for step in state.steps[: len(one.steps)]] == one.steps
        assert (await firm.books()).duplicates == 0
        assert [await firm.held(deal_id) for deal_id in sorted(deals)] == [firm.set_up] * len(deals)
        assert {case.process_id for case in await firm.cases()} == parked
