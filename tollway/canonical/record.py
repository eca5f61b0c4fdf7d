"""What every canonical object has in common."""

import datetime as dt
from typing import Annotated, TypeVar

import msgspec

from tollway.strict import Strict


class Record(Strict, omit_defaults=True):
    """An immutable business object that refuses fields it does not know."""


def fitting(expression: str, *, min_length: int = 1, max_length: int, description: str | None = None) -> msgspec.Meta:
    """The constraint that a whole text fits an expression; Python's `$` would allow a line break after it."""
    return msgspec.Meta(
        min_length=min_length,
        max_length=max_length,
        pattern=rf"^{expression}\Z",
        description=description,
    )


T = TypeVar("T")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""A short text that is never empty."""

FreeText = Annotated[str, msgspec.Meta(max_length=1_000)]
"""A short text as somebody typed it or a platform has it; empty when there is none."""

Remark = Annotated[str, msgspec.Meta(max_length=10_000)]
"""What somebody has to say about what they do."""

LongText = Annotated[str, msgspec.Meta(max_length=1_000_000)]
"""A text as long as it needs to be; empty when there is none."""

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000_000)]
"""Sentences for people, as long as they need to be."""

Identifier = Annotated[str, fitting(r"[A-Za-z0-9][A-Za-z0-9._:\-]*", max_length=120)]
"""An id of an object at a platform or of our own, safe in a path."""

Code = Annotated[str, fitting(r"[A-Za-z0-9][A-Za-z0-9._\-]*", max_length=40)]
"""A code from the configuration: a legal entity, service line or cost centre."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1, extra_json_schema={"format": "int32"})]
"""How many there are of something."""

Days = Annotated[int, msgspec.Meta(ge=0, le=3650, extra_json_schema={"format": "int32"})]
"""A number of days, ten years at most."""

PageSize = Annotated[int, msgspec.Meta(ge=1, le=1_000, extra_json_schema={"format": "int32"})]
"""How many are answered at once."""

Many = Annotated[list[T], msgspec.Meta(max_length=100_000)]
"""A list; whatever is longer comes in pages."""

Timestamp = Annotated[dt.datetime, msgspec.Meta(tz=True)]
"""A moment in UTC."""


class Cursor(Record):
    """A place in the order of changes: everything up to this (moment, id) has been seen."""

    moment: Timestamp
    id: FreeText = ""


class Change(Record):
    """An object that changed at a platform."""

    id: Identifier
    at: Timestamp


class Changes(Record):
    """A page of changes, oldest first, and the cursor to continue from."""

    items: Many[Change]
    cursor: Cursor
    more: bool = False
