"""Reconciliation: what CRM, PSA, ERP and Tollway say of the same things is compared, and what differs is mended."""

from process_apis.reconciliation.runs import PROCESS
from process_apis.reconciliation.steps import ReconciliationSteps, Run
from tollway.context import Priority
from tollway.engine import Process, together


async def reconcile(do: ReconciliationSteps, run: Run) -> int:
    """Look twice, and mend what is wrong both times; answers how many disagreements there are."""
    unread = await do.begin(run)
    while unread:
        more = await together(*(do.read(run, source) for source in unread))
        unread = [source for source, is_left in zip(unread, more, strict=True) if is_left]
    last: str | None = ""
    while last is not None:
        last = await do.compare(run, last)
    await do.settle(run)
    while await do.look_again(run):
        pass
    while not run.order.dry_run and await do.mend(run):
        pass
    return await do.finish(run)


def reconciliation_process(do: ReconciliationSteps) -> Process:
    """The process under its lasting name."""

    async def run(ordered: Run) -> int:
        return await reconcile(do, ordered)

    return Process(name=PROCESS, run=run, subject=lambda ordered: ordered.id, priority=Priority.BACKFILL)
