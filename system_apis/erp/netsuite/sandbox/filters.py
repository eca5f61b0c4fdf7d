"""The `q` parameter of a collection: conditions on body fields, joined by AND, OR and parentheses.

Source: SuiteTalk REST Web Services API Guide, "Record Collection Filtering" (the operators by type of field; dates in
the account's format). Filtering runs on N/query there, so a bad filter answers as a bad query does.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from system_apis.erp.netsuite.sandbox.catalog import Field, RecordType
from system_apis.erp.netsuite.sandbox.errors import NetSuiteError, invalid_query
from system_apis.erp.netsuite.sandbox.records import Document

Condition = Callable[[Document], bool]
_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\],])|(?P<word>[^\s()\[\],"]+))')

_TEXT = {"IS", "CONTAIN", "START_WITH", "END_WITH"}
_NUMBER = {"ANY_OF", "BETWEEN", "EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL", "WITHIN"}
_DATE = {"AFTER", "BEFORE", "ON", "ON_OR_AFTER", "ON_OR_BEFORE"}
_ALLOWED = {
    "string": _TEXT,
    "choice": _TEXT | {"ANY_OF"},
    "boolean": {"IS"},
    "ref": _NUMBER,
    "integer": _NUMBER,
    "decimal": _NUMBER,
    "amount": _NUMBER,
    "percent": _NUMBER,
    "date": _DATE,
    "datetime": _DATE,
}
_TESTS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "EMPTY": lambda have, _want: have is None,
    "IS": lambda have, want: have == want[0],
    "EQUAL": lambda have, want: have == want[0],
    "ON": lambda have, want: have == want[0],
    "ANY_OF": lambda have, want: have in want,
    "CONTAIN": lambda have, want: have is not None and want[0] in have,
    "START_WITH": lambda have, want: have is not None and have.startswith(want[0]),
    "END_WITH": lambda have, want: have is not None and have.endswith(want[0]),
    "GREATER": lambda have, want: have is not None and have > want[0],
    "AFTER": lambda have, want: have is not None and have > want[0],
    "GREATER_OR_EQUAL": lambda have, want: have is not None and have >= want[0],
    "ON_OR_AFTER": lambda have, want: have is not None and have >= want[0],
    "LESS": lambda have, want: have is not None and have < want[0],
    "BEFORE": lambda have, want: have is not None and have < want[0],
    "LESS_OR_EQUAL": lambda have, want: have is not None and have <= want[0],
    "ON_OR_BEFORE": lambda have, want: have is not None and have <= want[0],
    "BETWEEN": lambda have, want: have is not None and want[0] <= have <= want[1],
    "WITHIN": lambda have, want: have is not None and want[0] <= have <= want[1],
}


def parse_filter(kind: RecordType, text: str) -> Condition:
    """The condition that `q` states about records of a type; raises the error NetSuite answers for a bad one."""
    parser = _Parser(kind, text)
    condition = parser.alternatives()
    if parser.peek() is not None:
        raise _bad(f"unexpected {parser.peek()}")
    return condition


class _Parser:
    """A recursive descent through one `q`."""

    def __init__(self, kind: RecordType, text: str) -> None:
        known = {name.lower(): (name, field) for name, field in kind.fields.items()}
        own = {"id": ("id", Field("integer")), "externalid": ("externalId", Field("string"))}
        self._fields: dict[str, tuple[str, Field]] = known | own
        self._tokens = _tokens(text)
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def alternatives(self) -> Condition:
        options = [self._joined()]
        while self._accept("OR"):
            options.append(self._joined())
        return lambda document: any(option(document) for option in options)

    def _joined(self) -> Condition:
        parts = [self._single()]
        while self._accept("AND"):
            parts.append(self._single())
        return lambda document: all(part(document) for part in parts)

    def _single(self) -> Condition:
        if self._accept("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        given = self._next()
        if given.lower() not in self._fields:
            raise _bad(f"Unknown identifier '{given}'")
        name, field = self._fields[given.lower()]
        operator = self._next().upper()
        negated = operator.endswith("_NOT")
        plain = operator.removesuffix("_NOT")
        if plain != "EMPTY" and plain not in _ALLOWED.get(field.kind, set()):
            raise _bad(f"operator {operator} cannot be used on field {name}")
        wanted = [] if plain == "EMPTY" else [_comparable(field, raw) for raw in self._operands()]
        test = _TESTS[plain]
        if plain in ("BETWEEN", "WITHIN") and len(wanted) != 2:  # noqa: PLR2004 - a range has two ends
            raise _bad(f"operator {operator} takes two values")
        return lambda document: test(_comparable(field, document.get(name)), wanted) != negated

    def _operands(self) -> list[str]:
        if not self._accept("["):
            return [self._next().strip('"')]
        values = [self._next().strip('"')]
        while self._accept(","):
            values.append(self._next().strip('"'))
        self._expect("]")
        return values

    def _next(self) -> str:
        token = self.peek()
        if token is None:
            raise _bad("the condition is not complete")
        self._at += 1
        return token

    def _accept(self, wanted: str) -> bool:
        found = (self.peek() or "").upper() == wanted
        self._at += found
        return found

    def _expect(self, wanted: str) -> None:
        if not self._accept(wanted):
            raise _bad(f"expected {wanted}")


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _bad(f"cannot be read at {text[at:]}")
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


def _comparable(field: Field, raw: Any) -> Any:
    """A stored or a written value in the form in which values of the field compare."""
    if raw is None:
        return None
    try:
        match field.kind:
            case "boolean":
                return raw if isinstance(raw, bool) else raw.lower() in ("true", "t")
            case "date" | "datetime":
                return _moment(str(raw))
            case "string" | "choice":
                return str(raw).lower()
        return Decimal(str(raw))
    except (ValueError, InvalidOperation):
        raise _bad(f"'{raw}' is no value of this field") from None


def _moment(text: str) -> dt.date:
    if "/" in text:
        return dt.datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date has no zone
    return dt.datetime.fromisoformat(text).date()


def _bad(description: str) -> NetSuiteError:
    return invalid_query(f"{description[:1].upper()}{description[1:]}.")
