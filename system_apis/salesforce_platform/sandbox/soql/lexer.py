"""Splits SOQL into tokens that remember where they stand.

Source: 'SOQL and SOSL Reference: Quoted String Escape Sequences, Date Formats and Date Literals'.
"""

import re

import msgspec

from system_apis.salesforce_platform.sandbox.errors import ApiError

PATTERN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d(?![\dT]))
    |(?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![A-Za-z_])|[+-]?\.\d+)
    |(?P<name>[A-Za-z]\w*(?:\s*\.\s*[A-Za-z]\w*)*(?::\d+)?)
    |(?P<symbol><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
SHOWN = 60


class Token(msgspec.Struct, frozen=True):
    """A word, literal or symbol of a query."""

    kind: str
    """name, string, number, date, datetime, symbol or end."""
    text: str
    offset: int

    @property
    def upper(self) -> str:
        """The text in capitals, in which keywords are compared."""
        return self.text.upper()


def tokenize(query: str) -> list[Token]:
    """The tokens of a query, the last of kind `end`."""
    tokens, offset = [], 0
    while offset < len(query):
        match = PATTERN.match(query, offset)
        if match is None:
            raise malformed(query, offset, _cannot_tokenize(query, offset))
        kind = match.lastgroup or ""
        if kind == "name":
            tokens.append(Token(kind, re.sub(r"\s", "", match.group()), offset))
        elif kind != "space":
            tokens.append(Token(kind, match.group(), offset))
        offset = match.end()
    tokens.append(Token("end", "<EOF>", len(query)))
    return tokens


def unquote(literal: str, *, like: bool = False) -> str:
    r"""The text of a quoted string; for LIKE, `\_` and `\%` stay escaped."""

    def _unescape(match: re.Match[str]) -> str:
        char = match.group(1)
        return f"\\{char}" if like and char in "_%" else ESCAPES.get(char.lower(), char)

    return re.sub(r"\\(.)", _unescape, literal[1:-1], flags=re.DOTALL)


def malformed(query: str, offset: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """The refusal of a query, showing the place as the platform does."""
    before = query[:offset]
    row, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    line = query.split("\n")[row - 1] if query else ""
    start = max(0, column - 1 - SHOWN)
    shown = line[start : column - 1 + SHOWN]
    marker = " " * (column - 1 - start) + "^"
    return ApiError(code, f"\n{shown}\n{marker}\nERROR at Row:{row}:Column:{column}\n{message}")


def _cannot_tokenize(query: str, offset: int) -> str:
    if query[offset] == "'":
        return "unexpected token: '<EOF>'"
    return f"line {query.count(chr(10), 0, offset) + 1}:{offset} no viable alternative at character '{query[offset]}'"
