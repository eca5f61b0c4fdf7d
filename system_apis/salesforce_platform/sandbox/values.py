"""What a field takes and keeps: every value is checked and brought into the one form that the state holds.

Dates are kept as `YYYY-MM-DD` and datetimes as `YYYY-MM-DDTHH:MM:SS.mmm+0000` in UTC, so that both sort as text.
Source: 'Object Reference: Field Types' and the StatusCode list of the SOAP API Developer Guide.
"""

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any

from system_apis.salesforce_platform.sandbox.errors import ApiError, cannot_read
from system_apis.salesforce_platform.sandbox.ids import read_id
from system_apis.salesforce_platform.sandbox.schema.model import NUMERIC, Field

EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


def format_datetime(moment: dt.datetime) -> str:
    """The platform's form, in UTC and without fractions of a second of its own."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def parse_datetime(text: str) -> dt.datetime | None:
    """A moment with an offset; None when the text is none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def read_value(field: Field, value: object) -> Any:
    """The value as the state keeps it; None clears the field. Raises ApiError when the field cannot take it."""
    if field.type == "boolean":
        return _boolean(field, value)
    if value is None or value == "":
        return None
    return READERS.get(field.type, _text)(field, value)


def _boolean(field: Field, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, str | int) else ""
    if word not in ("true", "false", "1", "0"):
        raise cannot_read(field.type, value)
    return word in ("true", "1")


def _number(field: Field, value: object) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise cannot_read(field.type, value)
    try:
        number = float(value)
    except ValueError:
        raise cannot_read(field.type, value) from None
    if not math.isfinite(number):
        raise cannot_read(field.type, value)
    if field.type == "int":
        if number != int(number):
            raise cannot_read(field.type, value)
        return int(number)
    if field.precision and abs(number) >= 10 ** (field.precision - field.scale):
        raise ApiError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return number


def _datetime(_field: Field, value: object) -> str:
    moment = parse_datetime(value) if isinstance(value, str) else None
    if moment is None:
        raise cannot_read("datetime", value)
    return format_datetime(moment)


def _date(_field: Field, value: object) -> str:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            pass
    raise cannot_read("date", value)


def _reference(field: Field, value: object) -> str:
    identifier = read_id(value)
    if identifier is None:
        raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
    return identifier


def _text(field: Field, value: object) -> str | None:
    if not isinstance(value, str):
        raise cannot_read("string" if field.type != "textarea" else field.type, value)
    text = value.strip() if field.type != "textarea" else value
    if len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", message, [field.name])
    if field.restricted and text and text not in field.values:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
    if field.type == "email" and text and not EMAIL.fullmatch(text):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    return text or None


READERS: dict[str, Callable[[Field, object], Any]] = {
    **dict.fromkeys(NUMERIC, _number),
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
    "id": _reference,
}
