"""Reconciliation: comparing what the systems say, on demand and on a schedule."""

from typing import Protocol

from tollway.canonical.reconciliation import (
    Drift,
    DriftKind,
    DriftPage,
    DriftStatus,
    FindingPage,
    Reconciliation,
    ReconciliationOrder,
)


class Reconciliations(Protocol):
    """Compares systems, and tells where they disagree."""

    async def reconcile(self, order: ReconciliationOrder) -> Reconciliation:
        """Begin a run; raises Invalid when its days are in no order."""
        ...

    async def runs(self, limit: int) -> list[Reconciliation]:
        """So many of the latest runs, the latest first."""
        ...

    async def run(self, run_id: str) -> Reconciliation | None:
        """A run and how far it got."""
        ...

    async def findings(self, run_id: str, after: str) -> FindingPage:
        """A page of what a run suspected and found, behind the place `after`; raises NotFound."""
        ...

    async def drifts(self, status: DriftStatus | None, kind: DriftKind | None, after: str) -> DriftPage:
        """A page of what systems disagree about, over all runs, behind the place `after`."""
        ...

    async def drift(self, drift_id: str) -> Drift | None:
        """What systems disagree about, as it was seen last."""
        ...

    async def recheck(self, drift_id: str) -> Drift:
        """Look at an open drift now, and close it with its case when it is gone; raises NotFound."""
        ...
