"""Where the systems disagree, and comparing them on demand."""

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

READ, WRITE = {"scope": "operations:read"}, {"scope": "operations:write"}
Port = Annotated[Reconciliations, Dependency(skip_validation=True)]
RUNS, DRIFTS = "/operations/v1/reconciliations", "/operations/v1/drifts"


@post(RUNS, operation_id="reconcile", status_code=202, opt=WRITE)
async def reconcile(reconciliations: Port, data: ReconciliationOrder) -> Reconciliation:
    """Compare CRM, PSA, ERP and Tollway: master data as a whole, what is dated from `from` to `to`."""
    return await reconciliations.reconcile(data)


@get(RUNS, operation_id="listReconciliations", opt=READ)
async def list_reconciliations(reconciliations: Port, limit: RunCount = 20) -> Many[Reconciliation]:
    """The latest runs, scheduled ones too, the latest first."""
    return await reconciliations.runs(limit)


@get(f"{RUNS}/{{run_id:str}}", operation_id="getReconciliation", opt=READ)
async def get_reconciliation(reconciliations: Port, run_id: Identifier) -> Reconciliation:
    """A run: rows read of each system, disagreements, repairs and cases so far."""
    return found(await reconciliations.run(run_id), f"reconciliation {run_id}")


@get(f"{RUNS}/{{run_id:str}}/findings", operation_id="listFindings", opt=READ)
async def list_findings(reconciliations: Port, run_id: Identifier, after: FreeText = "") -> FindingPage:
    """What a run suspected and found, behind the place `after`."""
    return await reconciliations.findings(run_id, after)


@get(DRIFTS, operation_id="listDrifts", opt=READ)
async def list_drifts(
    reconciliations: Port, status: DriftStatus | None = None, kind: DriftKind | None = None, after: FreeText = ""
) -> DriftPage:
    """What systems disagree about, over all runs, behind the place `after`."""
    return await reconciliations.drifts(status, kind, after)


@get(f"{DRIFTS}/{{drift_id:str}}", operation_id="getDrift", opt=READ)
async def get_drift(reconciliations: Port, drift_id: Identifier) -> Drift:
    """What systems disagree about, as it was seen last."""
    return found(await reconciliations.drift(drift_id), f"drift {drift_id}")


@post(f"{DRIFTS}/{{drift_id:str}}/recheck", operation_id="recheckDrift", status_code=200, opt=WRITE)
async def recheck_drift(reconciliations: Port, drift_id: Identifier) -> Drift:
    """Look at it now, and close it with its case when it has been mended."""
    return await reconciliations.recheck(drift_id)


RECONCILIATION = (
    reconcile,
    list_reconciliations,
    get_reconciliation,
    list_findings,
    list_drifts,
    get_drift,
    recheck_drift,
)
