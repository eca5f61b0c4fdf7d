"""The reconciliation port over HTTP."""

from tollway.canonical.reconciliation import (
    Drift,
    DriftKind,
    DriftPage,
    DriftStatus,
    FindingPage,
    Reconciliation,
    ReconciliationOrder,
)
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find

ROOT = "/reconciliation/v1"


class RemoteReconciliations:
    """Calls the reconciliation service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def reconcile(self, order: ReconciliationOrder) -> Reconciliation:
        return await self._client.call("POST", f"{ROOT}/runs", Reconciliation, body=order)

    async def runs(self, limit: int) -> list[Reconciliation]:
        return await self._client.call("GET", f"{ROOT}/runs", list[Reconciliation], limit=str(limit))

    async def run(self, run_id: str) -> Reconciliation | None:
        return await find(self._client, f"{ROOT}/runs/{segment(run_id)}", Reconciliation)

    async def findings(self, run_id: str, after: str) -> FindingPage:
        return await self._client.call("GET", f"{ROOT}/runs/{segment(run_id)}/findings", FindingPage, after=after)

    async def drifts(self, status: DriftStatus | None, kind: DriftKind | None, after: str) -> DriftPage:
        given = {name: value for name, value in (("status", status), ("kind", kind)) if value}
        return await self._client.call("GET", f"{ROOT}/drifts", DriftPage, after=after, **given)

    async def drift(self, drift_id: str) -> Drift | None:
        return await find(self._client, f"{ROOT}/drifts/{segment(drift_id)}", Drift)

    async def recheck(self, drift_id: str) -> Drift:
        return await self._client.call("POST", f"{ROOT}/drifts/{segment(drift_id)}/recheck", Drift)
