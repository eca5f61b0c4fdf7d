"""The SQL functions of SuiteQL that the sandbox knows, and dates as its database holds them.

Sources: NetSuite Help, "SuiteQL Supported and Unsupported Functions" and "SuiteQL Syntax and Examples" (Oracle's
functions with Oracle's meaning). Dates are kept as text behind a mark, so that they sort as dates and are told from
strings.
"""

import calendar
import datetime as dt
import re
import sqlite3
from collections.abc import Callable
from typing import Any

MARK = "\x01"
"""Begins every date value inside the database."""
_INTERNAL = "%Y-%m-%d %H:%M:%S"
_ORACLE_FORMATS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "AM": "%p",
    "PM": "%p",
    "DS": "%-m/%-d/%Y",
    "TS": "%-I:%M:%S %p",
}
_FORMAT_TOKEN = re.compile(r'"([^"]*)"|' + "|".join(sorted(_ORACLE_FORMATS, key=len, reverse=True)), re.IGNORECASE)


def to_internal(text: str | None) -> str | None:
    """A date or datetime of a record as the database holds it."""
    return None if text is None else _keep(dt.datetime.fromisoformat(text).replace(tzinfo=None))


def from_internal(value: str) -> str:
    """A date as SuiteQL answers it: in the account's date format (M/D/YYYY), without the time of day."""
    return _moment(value).strftime("%-m/%-d/%Y")


def literal(text: str) -> str:
    """A date written as M/D/YYYY, as the database holds it."""
    return _keep(dt.datetime.strptime(text, "%m/%d/%Y"))  # noqa: DTZ007 - the account's own zone


def register(connection: sqlite3.Connection, now: Callable[[], dt.datetime]) -> None:
    """Teach a database SuiteQL's functions."""
    for name, (arguments, function) in _FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    connection.create_function("sysdate_", 0, lambda: _keep(now().replace(tzinfo=None)))


def _keep(moment: dt.datetime) -> str:
    return MARK + moment.strftime(_INTERNAL)


def _moment(value: str) -> dt.datetime:
    return dt.datetime.strptime(value.removeprefix(MARK), _INTERNAL)  # noqa: DTZ007 - the account's own zone


def _python_format(oracle: str) -> str:
    return _FORMAT_TOKEN.sub(
        lambda match: match.group(1) if match.group(1) is not None else _ORACLE_FORMATS[match.group().upper()], oracle
    )


def _to_char(value: Any, oracle: str = "DS") -> str | None:
    if value is None:
        return None
    if not (isinstance(value, str) and value.startswith(MARK)):
        return str(value)
    return _moment(value).strftime(_python_format(oracle))


def _to_date(text: str | None, oracle: str = "MM/DD/YYYY") -> str | None:
    if text is None or text.startswith(MARK):
        return text
    return _keep(dt.datetime.strptime(text, _python_format(oracle)))  # noqa: DTZ007 - the account's own zone


def _trunc(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(MARK):
        return value[: len(MARK) + 10] + " 00:00:00"
    return None if value is None else int(value)


def _decode(value: Any, *pairs: Any) -> Any:
    for wanted, answer in zip(pairs[::2], pairs[1::2], strict=False):
        if value == wanted:
            return answer
    return pairs[-1] if len(pairs) % 2 else None


def _extreme(choose: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *values: None if None in values else choose(values)


def _add_months(value: str | None, months: float) -> str | None:
    """The last day of a month stays the last day, as in Oracle."""
    if value is None:
        return None
    moment = _moment(value)
    year, month = divmod(moment.year * 12 + moment.month - 1 + int(months), 12)
    last = calendar.monthrange(year, month + 1)[1]
    was_last = moment.day == calendar.monthrange(moment.year, moment.month)[1]
    return _keep(moment.replace(year=year, month=month + 1, day=last if was_last else min(moment.day, last)))


def _last_day(value: str | None) -> str | None:
    if value is None:
        return None
    moment = _moment(value)
    return _keep(moment.replace(day=calendar.monthrange(moment.year, moment.month)[1]))


_FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "nvl": (2, lambda value, other: other if value is None else value),
    "nvl2": (3, lambda value, present, absent: absent if value is None else present),
    "decode": (-1, _decode),
    "to_char": (-1, _to_char),
    "to_date": (-1, _to_date),
    "to_timestamp": (-1, _to_date),
    "to_number": (1, lambda value: None if value is None else float(value)),
    "sys_extract_utc": (1, lambda moment: moment),  # the sandbox's account keeps UTC
    "trunc": (1, _trunc),
    "add_months": (2, _add_months),
    "last_day": (1, _last_day),
    "concat": (2, lambda left, right: f"{'' if left is None else left}{'' if right is None else right}"),
    "greatest": (-1, _extreme(max)),
    "least": (-1, _extreme(min)),
}
KNOWN = set(_FUNCTIONS) | {
    "abs",
    "avg",
    "coalesce",
    "count",
    "floor",
    "ceil",
    "instr",
    "length",
    "lower",
    "ltrim",
    "max",
    "min",
    "nullif",
    "replace",
    "round",
    "rtrim",
    "substr",
    "sum",
    "trim",
    "upper",
    "row_number",
    "rank",
    "dense_rank",
    "first_value",
    "last_value",
    "lag",
    "lead",
}
"""Functions a query may call, in lower case."""
