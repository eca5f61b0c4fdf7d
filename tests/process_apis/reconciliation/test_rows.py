"""What was read is kept once, and given back subject by subject in bounded batches."""

import pytest

from process_apis.reconciliation import rows as module
from process_apis.reconciliation.rows import Row, Rows

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
RUN = "asked-1"


def row(subject: str, key: str, kind: str = "work") -> Row:
    return Row(RUN, subject, kind, key, f'"{key}"')


@pytest.fixture
async def rows(database):
    kept = Rows(database)
    assert await kept.expect(RUN, ["psa-work", "crm-deals"]) == ["crm-deals", "psa-work"]
    return kept


async def every(rows: Rows) -> list[tuple[str, int]]:
    """All subjects and how many rows each has, in the order they come in; the sizes of the batches are noted."""
    seen, after = [], ""
    while batch := await rows.subjects(RUN, after):
        seen += [(subject, len(members)) for subject, members in batch]
        after = batch[-1][0]
    return seen


@either
async def test_a_page_is_kept_once(rows):
    """A page that two workers read at once counts once, and the source goes on behind it."""
    page = [row("project:A", "1"), row("project:A", "2")]
    for _ in range(2):
        await rows.keep(RUN, "psa-work", "", page, "next", 2)
    assert await rows.place(RUN, "psa-work") == "next"
    assert [(one.source, one.rows, one.done) for one in await rows.progress(RUN)] == [
        ("crm-deals", 0, False),
        ("psa-work", 2, False),
    ]
    assert await every(rows) == [("project:A", 2)]
    await rows.keep(RUN, "psa-work", "next", [], "", 0)
    assert await rows.place(RUN, "psa-work") is None
    assert await rows.expect(RUN, ["psa-work", "crm-deals"]) == ["crm-deals"]


@either
async def test_subjects_come_whole_and_once_each(rows, monkeypatch):
    """Whatever the size of a batch, no subject is torn apart, left out or given twice, however large it is."""
    sizes = {"project:a": 1, "project:B": 3, "project:c": 9, "project:D": 2, "project:é": 1}
    page = [row(subject, f"{number}") for subject, many in sizes.items() for number in range(many)]
    await rows.keep(RUN, "psa-work", "", page, "", len(page))
    for batch in (1, 2, 3, 4, 100):
        monkeypatch.setattr(module, "BATCH", batch)
        seen = await every(rows)
        assert (len(seen), dict(seen)) == (len(sizes), sizes)


@either
async def test_what_was_read_is_forgotten_by_its_run_only(rows):
    """Dropping the rows of a run leaves those of another."""
    await rows.keep(RUN, "psa-work", "", [row("project:A", "1")], "", 1)
    await rows.drop("asked-2")
    assert await every(rows) == [("project:A", 1)]
    await rows.drop(RUN)
    assert await every(rows) == []


async def test_the_day_of_the_first_engagement(rows):
    """It is the earliest of all, and unknown while there is none."""
    assert await rows.first_engaged(RUN) is None
    days = ["2026-03-01", "2026-01-31", "2026-02-01"]
    page = [row(f"project:{day}", day, "engagement") for day in days]
    await rows.keep(RUN, "psa-work", "", page, "", 3)
    assert str(await rows.first_engaged(RUN)) == "2026-01-31"
