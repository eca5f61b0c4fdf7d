"""From SuiteQL to the SQL of the database behind the sandbox.

Sources: NetSuite Help, "SuiteQL Syntax and Examples", "SuiteQL Compliance" (only listed functions; Oracle or ANSI
syntax), "BUILTIN.DF"; live accounts' answers for unknown tables and columns. SQLite's own LIMIT is refused, as SuiteQL
does; TOP, ROWNUM and FETCH are translated. A ROWNUM beside an ORDER BY of the same query, which Oracle would apply
before sorting, is refused rather than answered differently.
"""

import re

from system_apis.erp.netsuite.sandbox.errors import NetSuiteError, invalid_query
from system_apis.erp.netsuite.sandbox.suiteql import functions

DISPLAY = "__df"
"""Behind a column's name: the column that holds its displayed text."""

_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<name>\"[^\"]+\"|[A-Za-z_][\w$#]*)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<mark><=|>=|<>|!=|\|\||.)",
    re.DOTALL,
)
_DATE = re.compile(r"'\d{1,2}/\d{1,2}/\d{4}'")
_COMPARISONS = {"=", "<", ">", "<=", ">=", "<>", "!=", "BETWEEN", "AND"}
_BEFORE_PARENTHESIS = {
    "IN",
    "AND",
    "OR",
    "NOT",
    "SELECT",
    "FROM",
    "WHERE",
    "ON",
    "AS",
    "JOIN",
    "EXISTS",
    "WHEN",
    "THEN",
    "ELSE",
    "BY",
    "UNION",
    "ALL",
    "OVER",
    "HAVING",
    "USING",
    "VALUES",
    "WITH",
    "CASE",
    "BETWEEN",
    "LIKE",
    "DISTINCT",
    "TOP",
}


def unsupported() -> NetSuiteError:
    """SuiteQL's answer to what it does not run."""
    return invalid_query("Search error occurred: Invalid or unsupported search.")


def translate(query: str) -> str:
    """The query in SQLite's dialect; raises the error NetSuite answers when it is no SuiteQL."""
    pieces = [match.group() for match in _TOKEN.finditer(query) if match.lastgroup != "space"]
    if pieces and pieces[-1] == ";":
        pieces.pop()
    if not pieces or pieces[0].upper() not in ("SELECT", "WITH") or ";" in pieces:
        raise unsupported()
    return " ".join(_Translator(pieces).run())


class _Translator:
    """Walks the pieces once; keeps, for every level of parentheses, the row limit to put at its end."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._at = 0
        self._out: list[str] = []
        self._limits: list[str] = [""]
        self._ordered: list[bool] = [False]
        self._rownum: list[bool] = [False]

    def run(self) -> list[str]:
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            upper = piece.upper()
            if upper == "BUILTIN":
                self._builtin()
            elif upper == "TOP" and self._word(1).isdigit():
                self._limit(f" LIMIT {self._word(1)}", 2)
            elif upper == "ROWNUM":
                self._row_number()
            elif upper in ("FETCH", "OFFSET"):
                self._fetch()
            else:
                self._plain(piece, upper)
        self._close()
        return self._out

    def _plain(self, piece: str, upper: str) -> None:
        self._at += 1
        if upper == "LIMIT":
            raise unsupported()
        if piece == "(":
            self._check_function()
            self._limits.append("")
            self._ordered.append(False)
            self._rownum.append(False)
        elif piece == ")":
            self._close()
        elif upper == "ORDER" and self._word(0) == "BY":
            self._ordered[-1] = True
        self._out.append(self._rendered(piece, upper))

    def _rendered(self, piece: str, upper: str) -> str:
        if upper == "TRANSACTION":
            return '"transaction"'
        if upper in ("SYSDATE", "CURRENT_DATE"):
            return "sysdate_()"
        if _DATE.fullmatch(piece) and self._out and self._out[-1].upper() in _COMPARISONS:
            return f"'{functions.literal(piece.strip(chr(39)))}'"
        return piece

    def _check_function(self) -> None:
        name = self._out[-1] if self._out else ""
        is_name = re.fullmatch(r"[A-Za-z_]\w*", name) and name.upper() not in _BEFORE_PARENTHESIS
        if is_name and name.lower() not in functions.KNOWN and not self._names_columns():
            raise unsupported()

    def _names_columns(self) -> bool:
        """Whether `name (` begins the column list of a common table expression."""
        return len(self._out) > 1 and self._out[-2].upper() in ("WITH", ",") and "WITH" in map(str.upper, self._out)

    def _builtin(self) -> None:
        """BUILTIN.DF(column) becomes the column's companion with the displayed text."""
        if [self._word(1), self._word(2), self._word(3)] != [".", "DF", "("]:
            raise unsupported()
        end = self._pieces.index(")", self._at)
        inner = self._pieces[self._at + 4 : end]
        *owner, column = [piece for piece in inner if piece != "."]
        if not inner or len(owner) > 1:
            raise unsupported()
        prefix = [self._rendered(owner[0], owner[0].upper()) + "."] if owner else []
        self._out.append("".join([*prefix, column + DISPLAY]))
        self._at = end + 1

    def _row_number(self) -> None:
        operator, bound = self._word(1), self._word(2)
        if operator not in ("<=", "<", "=") or not bound.isdigit() or (operator == "=" and bound != "1"):
            raise unsupported()
        self._rownum[-1] = True
        self._out.append("1 = 1")
        self._limit(f" LIMIT {int(bound) - (operator == '<')}", 3)

    def _fetch(self) -> None:
        """OFFSET m ROWS FETCH NEXT n ROWS ONLY, or its second half alone."""
        skip = ""
        if self._word(0) == "OFFSET":
            skip = f" OFFSET {self._word(1)}"
            self._at += 3
        if self._word(0) != "FETCH" or not self._word(2).isdigit():
            raise unsupported()
        self._limit(f" LIMIT {self._word(2)}{skip}", 5)

    def _limit(self, clause: str, pieces: int) -> None:
        self._limits[-1] = clause
        self._at += pieces

    def _close(self) -> None:
        if not self._limits:
            raise unsupported()
        limit = self._limits.pop()
        ordered, rownum = self._ordered.pop(), self._rownum.pop()
        if ordered and rownum:
            raise unsupported()
        if limit:
            self._out.append(limit)

    def _word(self, ahead: int) -> str:
        position = self._at + ahead
        return self._pieces[position].upper() if position < len(self._pieces) else ""
