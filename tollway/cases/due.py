"""By when a case is due, after so many hours in which people work, and when it is retried by itself."""

import datetime as dt
import zoneinfo

from tollway.canonical.case import Category
from tollway.case_settings import WorkingHours
from tollway.problems import ProblemError

PASSING = (Category.PLATFORM_AWAY, Category.QUOTA_EXHAUSTED)
"""Trouble that goes away without anybody mending anything."""
FIRST, LONGEST = 30.0, 3600.0
"""Seconds before the first retry by itself, and between the last ones unless the platform asks for more."""


def due(start: dt.datetime, hours: int, working: WorkingHours | None) -> dt.datetime:
    """The moment when so many working hours have passed; without working hours the clock runs day and night."""
    left = dt.timedelta(hours=hours)
    if working is None:
        return start + left
    zone = zoneinfo.ZoneInfo(working.zone)
    day = start.astimezone(zone).date()
    while True:
        if day.isoweekday() in working.weekdays and day not in working.holidays:
            # In UTC, where an hour is an hour: on the days when clocks are changed local times lie.
            begin, end = (dt.datetime.combine(day, at, zone).astimezone(dt.UTC) for at in (working.start, working.end))
            begin = max(begin, start)
            if begin + left <= end:
                return begin + left
            left -= max(end - begin, dt.timedelta(0))
        day += dt.timedelta(days=1)


def wakes_at(at: dt.datetime, category: Category, error: ProblemError, occurrences: int) -> dt.datetime | None:
    """When a process that came to a halt so often is retried by itself; None waits for a person."""
    if category not in PASSING:
        return None
    backing_off = min(FIRST * 2 ** min(occurrences - 1, 10), LONGEST)
    return at + dt.timedelta(seconds=max(backing_off, error.retry_after or 0))
