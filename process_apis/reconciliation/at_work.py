"""What is left alone: disagreements that a process is about to settle, or waits to settle on a case of its own."""

from collections.abc import Awaitable, Callable, Sequence

from process_apis.reconciliation.runs import PROCESS
from tollway.canonical.case import CaseStatus
from tollway.canonical.contract import deal_of
from tollway.canonical.reconciliation import DriftKind
from tollway.cases import Cases

Unfinished = Callable[[Sequence[str]], Awaitable[list[str]]]
"""The ids of processes under way that begin with one of these."""
_SET_UP = {
    DriftKind.DEAL_NOT_ONBOARDED,
    DriftKind.PROJECT_NOT_TOLD,
    DriftKind.CUSTOMER_MISSING,
    DriftKind.PROJECT_UNKNOWN,
    DriftKind.PROJECT_MISSING_IN_PSA,
    DriftKind.PROJECT_MISSING_IN_ERP,
    DriftKind.PROJECT_STATE_DIFFERS,
}
SETTLES = {
    "customer-onboarding": _SET_UP,
    "project-activation": _SET_UP,
    "activation-cancellation": _SET_UP,
    "invoice-generation": {
        DriftKind.WORK_UNBILLED,
        DriftKind.WORK_NOT_MARKED,
        DriftKind.INVOICE_MISSING,
        DriftKind.INVOICE_NOT_POSTED,
        DriftKind.STATUS_NOT_TOLD,
    },
    "collections": {DriftKind.STATUS_NOT_TOLD},
}
"""What each process brings about, and so what may look like a drift until it has ended."""


class AtWork:
    """Knows which processes are at work on a deal and its project."""

    def __init__(self, cases: Cases, unfinished: Unfinished) -> None:
        self._cases = cases
        self._unfinished = unfinished

    async def settling(self, number: str) -> set[DriftKind]:
        """The kinds of drift of a project that are not ours to judge now."""
        deal_id = deal_of(number)
        beginnings = [f"{name}:{number}:" for name in ("invoice-generation", "collections")]
        if deal_id:
            names = ("customer-onboarding", "project-activation", "activation-cancellation")
            beginnings += [f"{name}:{deal_id}" for name in names]
        names_at_work = {process_id.partition(":")[0] for process_id in await self._unfinished(beginnings)}
        given_up = False
        for subject in filter(None, (deal_id, number)):
            for case in await self._cases.list(None, subject, limit=1_000):
                if case.status in (CaseStatus.OPEN, CaseStatus.RETRYING) and case.process != PROCESS:
                    names_at_work.add(case.process)
                given_up |= case.status is CaseStatus.CANCELLED and case.process == "customer-onboarding"
        settled = set().union(*(SETTLES.get(name, set()) for name in names_at_work))
        return settled | {DriftKind.DEAL_NOT_ONBOARDED} if given_up else settled
