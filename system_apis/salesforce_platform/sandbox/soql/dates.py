"""Date literals such as LAST_N_DAYS:30, and the functions that take a date apart.

Source: 'SOQL and SOSL Reference: Date Formats and Date Literals, Date Functions'. Weeks begin on Sunday (the default
locale of an org in US English); days are days in UTC. Fiscal literals are left out: they depend on the org's year.
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

DAY = dt.timedelta(days=1)
MONTHS = 12
Range = tuple[dt.date, dt.date]
"""The first day and the day after the last."""


def _day(today: dt.date, shift: int) -> Range:
    first = today + shift * DAY
    return first, first + DAY


def _week(today: dt.date, shift: int) -> Range:
    first = today - (today.isoweekday() % 7) * DAY + 7 * shift * DAY
    return first, first + 7 * DAY


def _months(today: dt.date, shift: int, length: int) -> Range:
    index = (today.year * MONTHS + today.month - 1) // length * length + shift * length
    return _month_start(index), _month_start(index + length)


def _month_start(index: int) -> dt.date:
    return dt.date(index // MONTHS, index % MONTHS + 1, 1)


PERIODS: dict[str, Callable[[dt.date, int], Range]] = {
    "DAY": _day,
    "WEEK": _week,
    "MONTH": lambda today, shift: _months(today, shift, 1),
    "QUARTER": lambda today, shift: _months(today, shift, 3),
    "YEAR": lambda today, shift: _months(today, shift, 12),
}
SHORTHANDS = {"LAST_90_DAYS": "LAST_N_DAYS:90", "NEXT_90_DAYS": "NEXT_N_DAYS:90"}
SHIFTS = {"THIS": 0, "LAST": -1, "NEXT": 1}


def date_range(literal: str, today: dt.date) -> Range | None:
    """The days a date literal covers; None when there is no such literal."""
    named = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
    literal = SHORTHANDS.get(literal, literal)
    if literal in named:
        return _day(today, named[literal])
    if match := re.fullmatch(r"(THIS|LAST|NEXT)_(WEEK|MONTH|QUARTER|YEAR)", literal):
        return PERIODS[match[2]](today, SHIFTS[match[1]])
    if match := re.fullmatch(r"(LAST|NEXT)_N_(DAY|WEEK|MONTH|QUARTER|YEAR)S:(\d+)", literal):
        return _n_periods(PERIODS[match[2]], match[1], int(match[3]), today, whole=match[2] != "DAY")
    if match := re.fullmatch(r"N_(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO:(\d+)", literal):
        return PERIODS[match[1]](today, -int(match[2]))
    return None


def _n_periods(
    period: Callable[[dt.date, int], Range], direction: str, count: int, today: dt.date, *, whole: bool
) -> Range:
    """LAST_N_DAYS ends with today, the longer ones with the period before this; NEXT_N begins after either."""
    if direction == "NEXT":
        return period(today, 1)[0], period(today, count)[1]
    return period(today, -count)[0], period(today, 0)[0] if whole else today + DAY


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "CALENDAR_YEAR": lambda text: int(text[:4]),
    "CALENDAR_QUARTER": lambda text: (int(text[5:7]) + 2) // 3,
    "CALENDAR_MONTH": lambda text: int(text[5:7]),
    "DAY_IN_MONTH": lambda text: int(text[8:10]),
    "DAY_IN_WEEK": lambda text: _moment(text[:10]).isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda text: _moment(text[:10]).timetuple().tm_yday,
    "DAY_ONLY": lambda text: text[:10],
    "HOUR_IN_DAY": lambda text: int(text[11:13]),
}
