"""What is done about a finding: a repair, a case, or the end of both."""

from collections.abc import Awaitable, Callable, Collection

from msgspec.structs import replace

from process_apis.reconciliation.drifts import Drifts
from process_apis.reconciliation.handling import case_key, handling_of, problem
from process_apis.reconciliation.repairs import Repairs
from process_apis.reconciliation.runs import PROCESS
from process_apis.reconciliation.second_look import REFUSALS
from tollway.backup.restores import Restores
from tollway.canonical.reconciliation import Discrepancy, Drift, DriftKind, DriftStatus, Handling, Outcome
from tollway.canonical.reconciliation import ReconciliationFinding as Finding
from tollway.cases import Cases

Repair = Callable[[str, Discrepancy], Awaitable[None]]


class Mending:
    """Repairs by rule, and opens and closes cases."""

    def __init__(
        self,
        drifts: Drifts,
        cases: Cases,
        repairs: Repairs,
        repairable: Collection[DriftKind],
        restores: Restores,
    ) -> None:
        """`repairable`: the kinds that are repaired without asking anybody."""
        self._restores = restores
        self._drifts = drifts
        self._cases = cases
        self._repairs = repairs
        self._repairable = repairable

    async def mend(self, run_id: str, finding: Finding) -> None:
        """Deal with a finding, once however often it is asked for."""
        if finding.outcome is Outcome.GONE:
            await self._cases.resolve(case_key(finding.drift_id))
            await self._drifts.close(run_id, finding.drift_id)
            return
        one, before = finding.discrepancy, await self._drifts.find(finding.drift_id)
        lost = one.kind is DriftKind.INVOICE_UNKNOWN and await self._restores.forgotten() is not None
        handling = handling_of(one, before, {*self._repairable, one.kind} if lost else self._repairable)
        if lost or handling is Handling.REPAIR:
            # What was lost in a restore may become certain at any time, also while its case is with somebody.
            try:
                await self._repairs.repair(run_id, one)
            except REFUSALS as refusal:
                handling = Handling.CASE
                one = replace(one, summary=f"{one.summary} Its repair was refused: {refusal.detail}")
        if handling is not Handling.REPAIR and not await self._accepted(one, before):
            key = case_key(one.drift_id)
            await self._cases.park(
                PROCESS, key, one.subject, problem(one), legal_entity=one.legal_entity, amount=one.amount
            )
        await self._drifts.open(run_id, one, handling)

    async def _accepted(self, one: Discrepancy, before: Drift | None) -> bool:
        """Whether somebody has closed the case of exactly this and left it as it is."""
        if before is None or before.status is not DriftStatus.OPEN or before.handling is not Handling.CASE:
            return False
        return before.discrepancy.says == one.says and await self._cases.open_case(case_key(one.drift_id)) is None
