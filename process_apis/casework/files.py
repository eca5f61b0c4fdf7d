"""The file of a case: everything that is known about it in one place."""

from process_apis.casework.remedies import Remedies
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.casework import CaseAction, CaseFile, EffectEvidence
from tollway.cases.desk import Desk
from tollway.cases.overlays import Overlays
from tollway.effects import Effects
from tollway.effects.record import EffectRecord
from tollway.masking import masked_json, masked_text


class CaseFiles:
    """Puts them together."""

    def __init__(self, desk: Desk, effects: Effects, overlays: Overlays, remedies: Remedies) -> None:
        self._desk = desk
        self._effects = effects
        self._overlays = overlays
        self._remedies = remedies

    async def of(self, case: Case) -> CaseFile:
        """All there is to know about a case, and what can be done about it now."""
        can = await self._actions(case)
        return CaseFile(
            case=case,
            actions=can,
            editable=self._remedies.editable(case) if CaseAction.EDIT_AND_RETRY in can else [],
            skippable=await self._remedies.skippable(case) if CaseAction.SKIP in can else [],
            effects=[evidence(record) for record in await self._effects.of_process(case.process_id)],
            edits=await self._overlays.of_case(case.id),
            history=await self._desk.history(case.id),
        )

    async def _actions(self, case: Case) -> list[CaseAction]:
        if case.status is not CaseStatus.OPEN:
            return []
        waits = await self._remedies.retryable(case)
        possible = {
            CaseAction.RETRY: waits,
            CaseAction.EDIT_AND_RETRY: waits and bool(self._remedies.editable(case)),
            CaseAction.SKIP: waits and bool(await self._remedies.skippable(case)),
            CaseAction.MERGE: waits and self._remedies.mergeable(case),
            CaseAction.CANCEL: await self._remedies.cancellable(case),
        }
        return [action for action, can in possible.items() if can]


def evidence(record: EffectRecord) -> EffectEvidence:
    """What was sent and what came back, as people may see it."""
    return EffectEvidence(
        effect=record.identity,
        outcome=record.outcome,
        sent=masked_json(record.wanted),
        came_back=masked_json(record.result) if record.result else masked_text(record.reason or ""),
        at=record.settled_at or record.intended_at,
    )
