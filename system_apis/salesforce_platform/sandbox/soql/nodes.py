"""The parts of a parsed query."""

from typing import Any

import msgspec


class Path(msgspec.Struct, frozen=True):
    """A field of the object or, through relationships, of a parent."""

    names: tuple[str, ...]
    offset: int = 0


class Call(msgspec.Struct, frozen=True):
    """A function of a field: an aggregate, a date function or toLabel; `argument` is None for COUNT()."""

    function: str
    argument: "Path | Call | None"
    offset: int = 0


class FieldSet(msgspec.Struct, frozen=True):
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    group: str
    offset: int = 0


class Item(msgspec.Struct, frozen=True):
    """One entry of the select list."""

    what: "Path | Call | FieldSet | Query"
    alias: str | None = None


class Literal(msgspec.Struct, frozen=True):
    """A value in a condition."""

    kind: str
    """string, number, date, datetime, boolean, null, range (a date literal) or currency."""
    value: Any
    offset: int = 0
    like: str = ""
    """A string as LIKE reads it."""


class Comparison(msgspec.Struct, frozen=True):
    """A field, an operator and a value."""

    left: Path | Call
    operator: str
    value: Literal


class Membership(msgspec.Struct, frozen=True):
    """IN, NOT IN, INCLUDES and EXCLUDES with a list of values or, for the first two, a query."""

    left: Path | Call
    operator: str
    values: "tuple[Literal, ...] | Query"


class Combination(msgspec.Struct, frozen=True):
    """Conditions joined by AND or by OR."""

    operator: str
    parts: "tuple[Condition, ...]"


class Negation(msgspec.Struct, frozen=True):
    """NOT and a condition."""

    part: "Condition"


Condition = Comparison | Membership | Combination | Negation


class Order(msgspec.Struct, frozen=True):
    """One entry of ORDER BY."""

    what: Path | Call
    descending: bool = False
    nulls_last: bool = False


class Query(msgspec.Struct, frozen=True):
    """A whole query, or one in parentheses."""

    items: tuple[Item, ...]
    source: Path
    text: str
    """The text that errors quote."""
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[Path | Call, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False
