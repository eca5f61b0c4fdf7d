"""Every table of Tollway's own business data; what belongs to a platform is never copied here.

A change here needs a new file in `../migrations/versions/`; a test compares the two.
"""

from tollway.storage.tables.billing import billing_claims, billing_runs
from tollway.storage.tables.cases import (
    case_events,
    case_matters,
    case_overlays,
    case_skips,
    cases,
    customer_choices,
)
from tollway.storage.tables.columns import Moment, metadata
from tollway.storage.tables.effects import effects
from tollway.storage.tables.engagements import engagements, kept_plans
from tollway.storage.tables.events import event_deliveries, event_head, event_subscriptions, events
from tollway.storage.tables.ingress import cursors, notice_lanes, notices
from tollway.storage.tables.leases import leases
from tollway.storage.tables.lineage import lineage
from tollway.storage.tables.reconciliation import (
    drifts,
    reconciliation_findings,
    reconciliation_rows,
    reconciliation_runs,
    reconciliation_sources,
)
from tollway.storage.tables.requests import audit, audit_head, idempotency_keys, requests_carried_out
from tollway.storage.tables.restores import restores
from tollway.storage.tables.workers import workers

__all__ = [
    "Moment",
    "audit",
    "audit_head",
    "billing_claims",
    "billing_runs",
    "case_events",
    "case_matters",
    "case_overlays",
    "case_skips",
    "cases",
    "cursors",
    "customer_choices",
    "drifts",
    "effects",
    "engagements",
    "event_deliveries",
    "event_head",
    "event_subscriptions",
    "events",
    "idempotency_keys",
    "kept_plans",
    "leases",
    "lineage",
    "metadata",
    "notice_lanes",
    "notices",
    "reconciliation_findings",
    "reconciliation_rows",
    "reconciliation_runs",
    "reconciliation_sources",
    "requests_carried_out",
    "restores",
    "workers",
]
