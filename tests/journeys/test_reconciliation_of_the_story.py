"""After the whole story, from closed-won to cash, there is nothing to reconcile."""

import datetime as dt

import pytest

from tollway.canonical.reconciliation import FindingPage, Outcome, Reconciliation
from tollway.cli.demo.deals import DEALS
from tollway.cli.demo.story import Story

RUNS = "/operations/v1/reconciliations"


@pytest.fixture
def variables(variables):
    """An installation whose second look comes at once."""
    return variables | {"TOLLWAY_RECONCILIATION__SETTLE_SECONDS": "0"}


@pytest.mark.parametrize("storage_url", ["postgresql"], indirect=True)
async def test_a_healthy_firm_has_nothing_to_reconcile(firm):
    """No system disagrees with another once every deal of the story is paid, and all of them have been read."""
    story = Story(firm.running, firm.people, firm.finance, lambda _: None, patience=180)
    await story.play(DEALS)
    await story.close()
    today = dt.datetime.now(dt.UTC).date()
    order = {"from": str(today - dt.timedelta(days=90)), "to": str(today)}
    run = await firm.desk.post(RUNS, Reconciliation, order)

    async def ended() -> Reconciliation | None:
        now = await firm.desk.get(f"{RUNS}/{run.id}", Reconciliation)
        return now if now.finished_at else None

    done = await firm.until("the run to end", ended)
    page = await firm.desk.get(f"{RUNS}/{run.id}/findings", FindingPage)
    assert [one for one in page.items if one.outcome is Outcome.CONFIRMED] == []
    assert (done.found, done.repaired, done.cases, done.suspected) == (0, 0, 0, 0)
    rows = {source.source: source.rows for source in done.sources}
    assert all(source.done for source in done.sources)
    assert [rows[name] for name in ("tollway-engagements", "crm-deals", "psa-projects")] == [len(DEALS)] * 3
    assert rows["erp-invoices:NWC-US"] + rows["erp-invoices:NWC-UK"] == len(DEALS)
    assert (await firm.desk.get(RUNS, list[Reconciliation])) == [done]
