"""The settings of the desk of cases: who gets which, and in which hours people work.

Apart from `tollway.cases`, which brings the database along that reading the configuration does not need.
"""

import datetime as dt
import zoneinfo
from collections.abc import Collection
from decimal import Decimal
from typing import Annotated

import msgspec

from tollway.canonical.case import Category, OwnerRole, Severity
from tollway.problems import StartupError
from tollway.strict import Strict


class RoutingRule(Strict):
    """Where cases go that match all it names; the first rule that matches decides."""

    category: Category | None = None
    legal_entity: str = ""
    amount_from: Decimal | None = None
    """Deals worth this much or more, as text (`"50000"`), in `currency`."""
    currency: str = ""
    role: OwnerRole | None = None
    assignee: str = ""
    severity: Severity | None = None
    hours: Annotated[int, msgspec.Meta(ge=1, le=8760)] | None = None
    """Working hours until it is due."""


class WorkingHours(Strict):
    """When people work; a case that is due after four hours is due after four of these."""

    zone: str
    """The IANA time zone, say `Europe/London`."""
    start: dt.time = dt.time(9)
    end: dt.time = dt.time(17)
    weekdays: list[Annotated[int, msgspec.Meta(ge=1, le=7)]] = msgspec.field(default_factory=lambda: [1, 2, 3, 4, 5])
    """1 is Monday."""
    holidays: list[dt.date] = []


class CaseSettings(Strict):
    """Who gets which cases, and by when they are due."""

    routing: list[RoutingRule] = []
    working_hours: WorkingHours | None = None
    """Without the table the clock runs day and night."""
    escalation_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    """How often overdue cases are looked for."""


def check(settings: CaseSettings, legal_entities: Collection[str]) -> None:
    """Raise StartupError with one sentence that names what makes no sense."""
    for number, rule in enumerate(settings.routing):
        problem = _problem(rule, legal_entities, last=number + 1 == len(settings.routing))
        if problem:
            raise StartupError(f"The setting cases.routing[{number}] {problem}.")
    hours = settings.working_hours
    if hours is None:
        return
    try:
        zoneinfo.ZoneInfo(hours.zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise StartupError(
            f"The setting cases.working_hours.zone is no time zone of the IANA: {hours.zone!r}."
        ) from None
    if hours.start >= hours.end or not hours.weekdays:
        raise StartupError("The setting cases.working_hours leaves no time to work in.")


def _problem(rule: RoutingRule, legal_entities: Collection[str], *, last: bool) -> str:
    if rule.legal_entity and rule.legal_entity not in legal_entities:
        return f"names a legal entity that is not there: {rule.legal_entity!r}"
    if (rule.amount_from is None) != (not rule.currency):
        return "names an amount without its currency, or a currency without an amount"
    if rule.amount_from is not None and not rule.amount_from.is_finite():
        return "names an amount that is no number"
    if not (rule.role or rule.assignee or rule.severity or rule.hours):
        return "matches cases and says nothing about them: name a role, assignee, severity or hours"
    if not (rule.category or rule.legal_entity or rule.currency or last):
        return "matches every case, so that the rules behind it never count"
    return ""
