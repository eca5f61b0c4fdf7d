"""SOQL text: the only place where values become part of a query."""

import datetime as dt
import re
from collections.abc import Iterable

from tollway.canonical.record import Cursor
from tollway.problems import Malformed

_RECORD_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"})


def quote(text: str) -> str:
    """A text as a string literal.

    Source: 'SOQL and SOSL Reference: Quoted String Escape Sequences'.
    """
    return f"'{text.translate(_ESCAPES)}'"


def quote_all(texts: Iterable[str]) -> str:
    """Texts as the list that IN takes."""
    return f"({', '.join(map(quote, texts))})"


def moment(at: dt.datetime) -> str:
    """A moment as a datetime literal; parts of a millisecond, which the platform does not keep, are dropped."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def after(cursor: Cursor) -> str:
    """The condition on records that changed after the cursor; without an id nothing of its moment was seen.

    Raises Malformed when the cursor is not one of Salesforce's.
    """
    at = moment(cursor.moment)
    if not cursor.id:
        return f"SystemModstamp >= {at}"
    if not is_record_id(cursor.id):
        raise Malformed("The cursor's id is none of Salesforce's: those are record ids.")
    return f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {quote(cursor.id)}))"


def behind(record_id: str) -> str:
    """The condition on records behind one in the order of ids; raises Malformed when it is no record id."""
    if not is_record_id(record_id):
        raise Malformed("The place to continue from is none of Salesforce's: those are record ids.")
    return f"Id > {quote(record_id)}"


def is_record_id(text: str) -> bool:
    """Whether a text has the shape of a record id; the platform refuses a query for any other."""
    return _RECORD_ID.fullmatch(text) is not None
