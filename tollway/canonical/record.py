"""What every canonical object has in common."""

import datetime as dt
from typing import Annotated

import msgspec

from tollway.strict import Strict


class Record(Strict, omit_defaults=True):
    """An immutable business object that refuses fields it does not know."""


Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""A short text that is never empty."""

Words = Annotated[str, msgspec.Meta(min_length=1)]
"""Sentences for people, as long as they need to be."""

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]*$")]
"""An id of an object at a platform or of our own, safe in a path."""

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*$")]
"""A code from the configuration: a legal entity, service line or cost centre."""

Timestamp = Annotated[dt.datetime, msgspec.Meta(tz=True)]
"""A moment in UTC."""


class Cursor(Record):
    """A place in the order of changes: everything up to this (moment, id) has been seen."""

    moment: Timestamp
    id: str = ""


class Change(Record):
    """An object that changed at a platform."""

    id: Identifier
    at: Timestamp


class Changes(Record):
    """A page of changes, oldest first, and the cursor to continue from."""

    items: list[Change]
    cursor: Cursor
    more: bool = False
