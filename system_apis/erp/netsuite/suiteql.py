"""The pieces that SuiteQL queries are made of."""

import datetime as dt

from tollway.problems import Malformed

MOMENT = "YYYY-MM-DD HH24:MI:SS"
"""The format in which moments are compared and answered: their order as text is their order in time."""
_MOMENT = "%Y-%m-%d %H:%M:%S"
_PUNCTUATION = " .-,/'"


def literal(text: str) -> str:
    """Text as a string literal, whatever it holds; SuiteQL's only escape is the doubled quote."""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"


def starting_with(text: str) -> str:
    """A LIKE pattern, with its escape character, for what begins with this text."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return literal(f"{escaped}%") + " ESCAPE '\\'"


def bare(column: str) -> str:
    """A column's text in upper case without blanks and punctuation."""
    for mark in _PUNCTUATION:
        column = f"REPLACE({column}, {literal(mark)}, '')"
    return f"UPPER({column})"


def without_punctuation(text: str) -> str:
    """What `bare` makes of a column that holds this text."""
    return text.translate(dict.fromkeys(map(ord, _PUNCTUATION))).upper()


def place(after: str) -> int:
    """The id that a listing continues behind; raises Malformed when it is none."""
    if after and not (after.isascii() and after.isdigit()):
        raise Malformed(f"The place to continue from, {after}, is none of NetSuite's: they are numbers.")
    return int(after or 0)


def utc(column: str) -> str:
    """A moment as text in UTC to the second."""
    return f"TO_CHAR(SYS_EXTRACT_UTC({column}), '{MOMENT}')"


def day(column: str) -> str:
    """A date as ISO 8601 text."""
    return f"TO_CHAR({column}, 'YYYY-MM-DD')"


def moment_text(moment: dt.datetime) -> str:
    """A moment in the form of `utc`."""
    return moment.astimezone(dt.UTC).strftime(_MOMENT)


def moment(text: str) -> dt.datetime:
    """The moment that text in the form of `utc` stands for."""
    return dt.datetime.strptime(text, _MOMENT).replace(tzinfo=dt.UTC)
