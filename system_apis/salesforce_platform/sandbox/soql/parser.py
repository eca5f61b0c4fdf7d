"""Reads tokens into a Query by the grammar of 'SOQL and SOSL Reference: SOQL SELECT Syntax'.

Mixing AND with OR without parentheses is refused, as the reference says of fieldExpressions.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.soql.lexer import Token, malformed, tokenize, unquote
from system_apis.salesforce_platform.sandbox.soql.nodes import (
    Call,
    Combination,
    Comparison,
    Condition,
    FieldSet,
    Item,
    Literal,
    Membership,
    Negation,
    Order,
    Path,
    Query,
)

CLAUSES = frozenset({"WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "USING", "ALL", "FROM"})
COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
MAX_OFFSET = 2000


def parse(text: str) -> Query:
    """The query that `text` is; raises ApiError MALFORMED_QUERY."""
    parser = _Parser(text)
    query = parser.query()
    if parser.token.kind != "end":
        parser.unexpected()
    return query


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._position = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._position]

    def unexpected(self) -> NoReturn:
        raise malformed(self._text, self.token.offset, f"unexpected token: '{self.token.text}'")

    def _take(self) -> Token:
        token = self.token
        self._position += 1
        return token

    def _accept(self, *words: str) -> bool:
        """Take the words when the next tokens are they."""
        coming = self._tokens[self._position : self._position + len(words)]
        if [token.upper for token in coming] != list(words) or any(token.kind == "string" for token in coming):
            return False
        self._position += len(words)
        return True

    def _expect(self, *words: str) -> None:
        for word in words:
            if not self._accept(word):
                self.unexpected()

    def _take_kind(self, kind: str) -> Token:
        if self.token.kind != kind:
            self.unexpected()
        return self._take()

    def query(self) -> Query:
        self._expect("SELECT")
        items = [self._item()]
        while self._accept(","):
            items.append(self._item())
        self._expect("FROM")
        facts: dict[str, Any] = {"source": self._path(), "alias": self._alias()}
        clauses: tuple[tuple[str, str, Callable[[], Any]], ...] = (
            ("USING SCOPE", "", lambda: self._take_kind("name")),
            ("WHERE", "where", self._condition),
            ("GROUP BY", "group_by", lambda: self._list(self._expression)),
            ("HAVING", "having", self._condition),
            ("ORDER BY", "order_by", lambda: self._list(self._order)),
            ("LIMIT", "limit", self._whole_number),
            ("OFFSET", "offset", self._offset),
        )
        for words, name, read in clauses:
            if self._accept(*words.split()):
                facts[name or "scope"] = read()
        facts.pop("scope", None)
        if self._accept("FOR") and not any(self._accept(word) for word in ("VIEW", "REFERENCE", "UPDATE")):
            self.unexpected()
        facts["all_rows"] = self._accept("ALL", "ROWS")
        return Query(items=tuple(items), text=self._text, **facts)

    def _list(self, read: Any) -> tuple[Any, ...]:
        entries = [read()]
        while self._accept(","):
            entries.append(read())
        return tuple(entries)

    def _alias(self) -> str | None:
        if self.token.kind == "name" and self.token.upper not in CLAUSES:
            return self._take().text
        return None

    def _item(self) -> Item:
        if self._accept("("):
            query = self.query()
            self._expect(")")
            return Item(query)
        start = self.token
        if start.upper == "FIELDS" and self._tokens[self._position + 1].text == "(":
            self._position += 2
            group = self._take_kind("name").upper
            self._expect(")")
            if group not in ("ALL", "STANDARD", "CUSTOM"):
                raise malformed(self._text, start.offset, f"unexpected token: '{group}'")
            return Item(FieldSet(group, start.offset))
        return Item(self._expression(), self._alias())

    def _expression(self) -> Path | Call:
        start = self.token
        path = self._path()
        if self.token.text != "(" or self.token.kind != "symbol":
            return path
        self._take()
        argument = None if self.token.text == ")" else self._expression()
        self._expect(")")
        return Call(start.upper, argument, start.offset)

    def _path(self) -> Path:
        token = self._take_kind("name")
        if token.upper in CLAUSES or ":" in token.text:
            self._position -= 1
            self.unexpected()
        return Path(tuple(token.text.split(".")), token.offset)

    def _order(self) -> Order:
        what = self._expression()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        nulls_last = False
        if self._accept("NULLS"):
            nulls_last = self._accept("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(what, descending, nulls_last)

    def _whole_number(self) -> int:
        token = self._take_kind("number")
        if not token.text.isdecimal():
            self._position -= 1
            self.unexpected()
        return int(token.text)

    def _offset(self) -> int:
        number = self._whole_number()
        if number > MAX_OFFSET:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        return number

    def _condition(self) -> Condition:
        parts = [self._simple()]
        for operator in ("AND", "OR"):
            while self._accept(operator):
                parts.append(self._simple())
            if len(parts) > 1:
                return Combination(operator, tuple(parts))
        return parts[0]

    def _simple(self) -> Condition:
        if self._accept("NOT"):
            return Negation(self._simple())
        if self._accept("("):
            condition = self._condition()
            self._expect(")")
            return condition
        left = self._expression()
        operator = self._take()
        if operator.text in COMPARISONS:
            return Comparison(left, "!=" if operator.text == "<>" else operator.text, self._literal())
        if operator.upper == "LIKE":
            return Comparison(left, "LIKE", self._literal())
        if operator.upper == "NOT" and self._accept("IN"):
            return Membership(left, "NOT IN", self._values())
        if operator.upper not in ("IN", "INCLUDES", "EXCLUDES"):
            self._position -= 1
            self.unexpected()
        return Membership(left, operator.upper, self._values())

    def _values(self) -> tuple[Literal, ...] | Query:
        self._expect("(")
        values = self.query() if self.token.upper == "SELECT" else self._list(self._literal)
        self._expect(")")
        return values

    def _literal(self) -> Literal:
        token = self._take()
        if token.kind == "string":
            return Literal("string", unquote(token.text), token.offset, unquote(token.text, like=True))
        if token.kind == "number":
            return Literal("number", float(token.text), token.offset)
        if token.kind in ("date", "datetime"):
            return Literal(token.kind, token.text, token.offset)
        if token.kind != "name":
            self._position -= 1
            self.unexpected()
        return self._named_literal(token)

    def _named_literal(self, token: Token) -> Literal:
        word = token.upper
        if word in ("TRUE", "FALSE"):
            return Literal("boolean", word == "TRUE", token.offset)
        if word == "NULL":
            return Literal("null", None, token.offset)
        if word[:3].isalpha() and word[3:].replace(".", "").isdecimal():
            return Literal("currency", float(word[3:]), token.offset)
        return Literal("range", word, token.offset)
