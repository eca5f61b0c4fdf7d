"""The audit vouches for where fields came from and for what was done to cases: a change there is found as well."""

import msgspec
import pytest

from tollway.audit.effects import EffectAudit
from tollway.audit.verification import verify
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.lineage.observer import LineageWriter
from tollway.problems import Rejected

FORGED_LINEAGE = """
INSERT INTO lineage SELECT 'customer:3', object_type, object_id, system, platform_id, number, deal_id, process_id, step,
mapping, correlation_id, written_at, fields FROM lineage WHERE effect = 'customer:1'
"""
FORGED_EVENT = """
INSERT INTO case_events (case_id, at, "by", did, detail)
SELECT case_id, at, 'ann', 'skipped', detail FROM case_events WHERE did = 'opened'
"""
either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


class Order(msgspec.Struct):
    """What was to be written."""

    deal_id: str


@pytest.fixture
async def told(database):
    """A database in which two things were written and a case was opened, retried and resolved: five records."""
    effects = Effects(database, (0.0,), [EffectAudit(LineageWriter([]).write)])

    async def send() -> str:
        return "done"

    async def find() -> None:
        return None

    for number in ("1", "2"):
        await effects.apply(f"customer:{number}", Order(deal_id=number), send, find, str)
    cases = Cases(database)
    case = await cases.park("p", "p:1", "DEAL-1", Rejected("The account has no tax id."))
    await cases.retrying(case.id, by="ann")
    await cases.resolve("p:1")
    return database


@either
async def test_what_was_written_is_verified(told):
    """Where nobody touched anything, every record is borne out."""
    result = await verify(told)
    assert (result.records, result.broken) == (5, None)


@either
@pytest.mark.parametrize(
    ("change", "position", "why"),
    [
        ("UPDATE lineage SET fields = '[]' || fields WHERE effect = 'customer:2'", 2, "the lineage of customer:2"),
        ("UPDATE lineage SET process_id = 'p:9' WHERE effect = 'customer:1'", 1, "the lineage of customer:1"),
        ("DELETE FROM lineage WHERE effect = 'customer:1'", 1, "the lineage of customer:1"),
        ("UPDATE case_events SET detail = 'Nothing.' WHERE did = 'opened'", 3, "the history of CASE-"),
        ("UPDATE case_events SET \"by\" = 'eve' WHERE did = 'retried'", 4, "the history of CASE-"),
        ("DELETE FROM case_events WHERE did = 'resolved'", 5, "the history of CASE-"),
        (
            FORGED_LINEAGE,
            5,
            "no record tells of 1 rows of the lineage",
        ),
        (
            FORGED_EVENT,
            5,
            "no record tells of 1 rows of the history of cases",
        ),
    ],
)
async def test_any_change_is_found(told, change, position, why):
    """An edit and a deletion are found at the record that tells otherwise, an addition at the end."""
    async with told.transaction() as connection:
        await connection.exec_driver_sql(change)
    broken = (await verify(told)).broken
    assert broken.position == position
    assert why in broken.why
