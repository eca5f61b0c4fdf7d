"""Statements over many rows at once, that SQLite and PostgreSQL both run: the rows come as one JSON parameter."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Dialect

from tollway.storage.tables import Moment

_SQLITE_NOW = "((julianday('now') - 2440587.5) * 86400.0)"
_POSTGRESQL_NOW = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
_TO_MICROSECONDS = 26
"""Characters of a moment on SQLite, which keeps no time zone: `2026-03-29 01:30:00.123456`."""


def now(dialect: Dialect) -> str:
    """The database's own clock, in seconds since 1970: the one that all processes share."""
    return _SQLITE_NOW if dialect.name == "sqlite" else _POSTGRESQL_NOW


def given(dialect: Dialect, columns: Sequence[Column[Any]]) -> str:
    """A SELECT of the parameter `:rows`, a JSON array of objects, as rows of these columns in the same order.

    However many rows there are the statement is the same, is sent once and parsed once.
    """
    if dialect.name == "sqlite":
        picked = ", ".join(f"{_on_sqlite(column)} AS {column.name}" for column in columns)
        return f"SELECT {picked} FROM json_each(:rows)"  # noqa: S608 - names of our own columns
    names = ", ".join(column.name for column in columns)
    typed = ", ".join(f"{column.name} {column.type.compile(dialect)}" for column in columns)
    return f"SELECT {names} FROM json_to_recordset(CAST(:rows AS json)) AS given({typed})"  # noqa: S608 - as above


def as_rows(items: Sequence[Any]) -> dict[str, str]:
    """The parameter for structs whose fields are named as the columns."""
    return {"rows": msgspec.json.encode(items).decode()}


def _on_sqlite(column: Column[Any]) -> str:
    value = f"value ->> '{column.name}'"
    return f"substr({value}, 1, {_TO_MICROSECONDS})" if isinstance(column.type, Moment) else value
