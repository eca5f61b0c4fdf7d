"""The verbs of reconciliation; each goes on where it stopped, so that taking it again repeats nothing."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Sequence

import msgspec

from process_apis.reconciliation import reading
from process_apis.reconciliation.at_work import AtWork
from process_apis.reconciliation.comparison import compare_customer, compare_project
from process_apis.reconciliation.drifts import Drifts
from process_apis.reconciliation.findings import Findings
from process_apis.reconciliation.mending import Mending
from process_apis.reconciliation.reading import Systems, compared, page_of, rows_of
from process_apis.reconciliation.rows import Rows
from process_apis.reconciliation.runs import Runs
from process_apis.reconciliation.second_look import REFUSALS, SecondLook, unreadable
from process_apis.reconciliation.views import ProjectView, Rules
from tollway.canonical.listing import Span
from tollway.canonical.reconciliation import Discrepancy, DriftKind, Outcome, ReconciliationOrder
from tollway.canonical.record import Identifier, Record
from tollway.engine import step
from tollway.reconciliation_settings import ReconciliationSettings

STEP_SECONDS = 20.0
"""After so long a step ends with what it has, for the next to go on."""
AT_ONCE = 8
"""Projects and customers that are looked at again side by side."""
SOME = 100
"""Projects and customers of a step's second look, or findings that it deals with."""

Verdict = tuple[Discrepancy, Outcome]


class Run(Record):
    """A reconciliation under its id."""

    id: Identifier
    order: ReconciliationOrder


class Kept(msgspec.Struct, frozen=True):
    """Where runs keep what they read and found."""

    runs: Runs
    rows: Rows
    findings: Findings
    drifts: Drifts


class ReconciliationSteps:
    """What reconciliation does, at the systems it does it at."""

    def __init__(
        self,
        systems: Systems,
        kept: Kept,
        at_work: AtWork,
        mending: Mending,
        settings: ReconciliationSettings,
        today: Callable[[], dt.date] = lambda: dt.datetime.now(dt.UTC).date(),
    ) -> None:
        self._systems = systems
        self._kept = kept
        self._look = SecondLook(systems)
        self._at_work = at_work
        self._mending = mending
        self._settings = settings
        self._today = today

    @step
    async def begin(self, run: Run) -> list[str]:
        """The sources that have to be read."""
        await self._kept.runs.begin(run.id, run.order)
        return await self._kept.rows.expect(run.id, reading.sources(run.order, self._systems.legal_entities))

    @step
    async def read(self, run: Run, source: str) -> bool:
        """Pages of a source; answers whether there are more."""
        span, end = _span(run), time.monotonic() + STEP_SECONDS
        while time.monotonic() < end:
            place = await self._kept.rows.place(run.id, source)
            if place is None:
                return False
            page = await page_of(self._systems, source, span, place)
            rows = rows_of(run.id, source, page.items)
            await self._kept.rows.keep(run.id, source, place, rows, page.next, len(page.items))
        return True

    @step
    async def compare(self, run: Run, after: str) -> str | None:
        """Compare subjects behind `after`; answers the last one, None when there were no more."""
        rules, end = await self._rules(run), time.monotonic() + STEP_SECONDS
        while time.monotonic() < end:
            batch = await self._kept.rows.subjects(run.id, after)
            if not batch:
                return None
            seen = [one for subject, rows in batch for one in _first_look(subject, rows, rules)]
            await self._kept.findings.suspect(run.id, [one for one in seen if one.kind in _kinds(run)])
            after = batch[-1][0]
        return after

    @step
    async def settle(self, run: Run) -> None:
        """Suspect what earlier runs found, and wait until platforms must show what they had committed by now."""
        await self._kept.findings.suspect_open(run.id, _kinds(run))
        await self._kept.runs.compared(run.id)
        left = self._settings.settle_seconds - await self._kept.runs.since_compared(run.id)
        await asyncio.sleep(max(0.0, left))

    @step
    async def look_again(self, run: Run) -> bool:
        """Read suspects anew; answers whether there are more."""
        suspects = await self._kept.findings.suspects(run.id, SOME)
        slots, rules = asyncio.Semaphore(AT_ONCE), await self._rules(run)

        async def judge(suspected: list[Discrepancy]) -> list[Verdict]:
            async with slots:
                return await self._judged(suspected, rules)

        judged = await asyncio.gather(*map(judge, suspects))
        await self._kept.findings.judge(run.id, [verdict for verdicts in judged for verdict in verdicts])
        return bool(suspects)

    async def _judged(self, suspected: list[Discrepancy], rules: Rules) -> list[Verdict]:
        """What is suspected of one project or customer, judged; where it cannot be read, that is what is found."""
        try:
            there = {one.drift_id: one for one in await self._look.at(suspected[0], rules)}
        except REFUSALS as refusal:
            found = unreadable(suspected[0], refusal)
            others = [one for one in suspected if one.drift_id != found.drift_id]
            return [(found, Outcome.CONFIRMED), *((one, Outcome.LEFT) for one in others)]
        settling = await self._at_work.settling(suspected[0].subject) if there else set()
        return [(there.get(one.drift_id, one), _verdict(one, there, settling)) for one in suspected]

    @step
    async def mend(self, run: Run) -> bool:
        """Repair, open or close cases; answers whether there is more to do."""
        found = await self._kept.findings.unhandled(run.id, SOME)
        for finding in found:
            await self._mending.mend(run.id, finding)
        return bool(found)

    @step
    async def finish(self, run: Run) -> int:
        """Forget what was read; answers how many disagreements there are."""
        await self._kept.rows.drop(run.id)
        await self._kept.runs.finish(run.id)
        return (await self._kept.runs.get(run.id)).found

    async def _rules(self, run: Run) -> Rules:
        first = self._settings.since or await self._kept.rows.first_engaged(run.id) or self._today()
        return Rules(today=self._today(), span=_span(run), since=first, unbilled_days=self._settings.unbilled_days)


def _first_look(subject: str, rows: Sequence[tuple[str, str]], rules: Rules) -> list[Discrepancy]:
    view = compared(subject, rows)
    return compare_project(view, rules) if isinstance(view, ProjectView) else compare_customer(view)


def _kinds(run: Run) -> set[DriftKind]:
    return set(run.order.kinds or DriftKind)


def _verdict(one: Discrepancy, there: dict[str, Discrepancy], settling: set[DriftKind]) -> Outcome:
    if one.drift_id not in there:
        return Outcome.GONE
    return Outcome.LEFT if one.kind in settling else Outcome.CONFIRMED


def _span(run: Run) -> Span:
    return Span(start=run.order.start, end=run.order.end)
