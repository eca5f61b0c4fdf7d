"""The settings of reconciliation."""

import datetime as dt
from typing import Annotated

import msgspec

from tollway.canonical.reconciliation import DriftKind
from tollway.problems import StartupError
from tollway.strict import Strict

REPAIRABLE = frozenset({DriftKind.DEAL_NOT_ONBOARDED, DriftKind.WORK_NOT_MARKED, DriftKind.STATUS_NOT_TOLD})
"""The kinds of drift that there is a repair for: it moves no money, and done twice it changes nothing."""


class ReconciliationSettings(Strict):
    """When systems are compared, and what is done about what they disagree on."""

    every_hours: Annotated[float, msgspec.Meta(ge=0)] = 24.0
    """Hours between two scheduled runs; 0 leaves it to those who ask for one."""
    window_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    """Days up to today whose work, invoices and newly won deals a scheduled run compares."""
    settle_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Seconds between the two looks: more than any platform takes to show what it has committed."""
    unbilled_days: Annotated[int, msgspec.Meta(ge=0)] = 45
    """Days that approved work may wait for its invoice."""
    since: dt.date | None = None
    """The first day whose won deals are ours to onboard; without one it is the day of the first engagement."""
    repair: tuple[DriftKind, ...] = (
        DriftKind.STATUS_NOT_TOLD,
        DriftKind.WORK_NOT_MARKED,
        DriftKind.DEAL_NOT_ONBOARDED,
    )
    """The kinds of drift that are repaired by rule; every other one becomes a case."""
    keep_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    """Days after which a run and its findings are forgotten; drifts stay."""


def check(settings: ReconciliationSettings) -> None:
    """Raise StartupError for a kind that is to be repaired and has no repair."""
    unknown = [kind for kind in settings.repair if kind not in REPAIRABLE]
    if unknown:
        raise StartupError(
            f"The setting reconciliation.repair names {unknown[0]}, for which there is no repair; "
            f"there is one for {', '.join(sorted(REPAIRABLE))}."
        )
