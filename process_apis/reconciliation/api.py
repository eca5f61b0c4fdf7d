"""The HTTP face of reconciliation."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.reconciliation import (
    Drift,
    DriftKind,
    DriftPage,
    DriftStatus,
    FindingPage,
    Reconciliation,
    ReconciliationOrder,
    RunCount,
)
from tollway.canonical.record import FreeText, Identifier, Many
from tollway.ports.reconciliation import Reconciliations
from tollway.problems import found

Port = Annotated[Reconciliations, Dependency(skip_validation=True)]
ROOT = "/reconciliation/v1"


@post(f"{ROOT}/runs", operation_id="reconcile", status_code=202)
async def reconcile(reconciliations: Port, data: ReconciliationOrder) -> Reconciliation:
    """Begin to compare what the systems say."""
    return await reconciliations.reconcile(data)


@get(f"{ROOT}/runs", operation_id="listRuns")
async def list_runs(reconciliations: Port, limit: RunCount = 20) -> Many[Reconciliation]:
    """The latest runs, the latest first."""
    return await reconciliations.runs(limit)


@get(f"{ROOT}/runs/{{run_id:str}}", operation_id="getRun")
async def get_run(reconciliations: Port, run_id: Identifier) -> Reconciliation:
    """A run and how far it got."""
    return found(await reconciliations.run(run_id), f"reconciliation {run_id}")


@get(f"{ROOT}/runs/{{run_id:str}}/findings", operation_id="listFindings")
async def list_findings(reconciliations: Port, run_id: Identifier, after: FreeText = "") -> FindingPage:
    """What the run suspected and found, behind the place `after`."""
    return await reconciliations.findings(run_id, after)


@get(f"{ROOT}/drifts", operation_id="listDrifts")
async def list_drifts(
    reconciliations: Port, status: DriftStatus | None = None, kind: DriftKind | None = None, after: FreeText = ""
) -> DriftPage:
    """What systems disagree about, over all runs, behind the place `after`."""
    return await reconciliations.drifts(status, kind, after)


@get(f"{ROOT}/drifts/{{drift_id:str}}", operation_id="getDrift")
async def get_drift(reconciliations: Port, drift_id: Identifier) -> Drift:
    """What systems disagree about, as it was seen last."""
    return found(await reconciliations.drift(drift_id), f"drift {drift_id}")


@post(f"{ROOT}/drifts/{{drift_id:str}}/recheck", operation_id="recheckDrift", status_code=200)
async def recheck_drift(reconciliations: Port, drift_id: Identifier) -> Drift:
    """Look at it now, and close it with its case when it is gone."""
    return await reconciliations.recheck(drift_id)


HANDLERS = (reconcile, list_runs, get_run, list_findings, list_drifts, get_drift, recheck_drift)
