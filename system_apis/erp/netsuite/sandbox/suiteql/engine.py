"""Keeps the database behind SuiteQL in step with the records, and runs queries on it.

Sources: SuiteTalk REST Web Services API Guide, "Executing SuiteQL Queries Through REST Web Services" (every value is a
string, columns in lower case, empty columns left out, at most 100,000 rows); live accounts' error texts.
"""

import re
import sqlite3
from typing import Any

from system_apis.erp.netsuite.sandbox.errors import NetSuiteError, invalid_query
from system_apis.erp.netsuite.sandbox.records import Records
from system_apis.erp.netsuite.sandbox.suiteql import functions, tables
from system_apis.erp.netsuite.sandbox.suiteql.dialect import DISPLAY, translate, unsupported

MAX_ROWS = 100_000
_ALIAS = re.compile(r"[a-z_][\w$#]*")
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


class Engine:
    """Runs SuiteQL queries on the account's records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA case_sensitive_like = ON")
        functions.register(self._db, records.clock)
        self._columns = tables.definitions(records)
        for name, columns in self._columns.items():
            described = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            self._db.execute(f'CREATE TABLE "{name}" ({described})')
        self._db.execute(tables.CUSTOMER_VIEW)
        self._db.execute('CREATE INDEX by_customer ON "transaction" (customer__)')
        for kind in records.types.values():
            for table, key in tables.keys(kind):
                self._db.execute(f'CREATE INDEX IF NOT EXISTS "{table}_{key}" ON "{table}" ("{key}")')
            records.touched |= {(kind.name, identity) for identity in records.all(kind.name)}

    def run(self, query: str) -> list[dict[str, str]]:
        """The rows of a query; raises the error NetSuite answers for one that it cannot run."""
        self._catch_up()
        statement = translate(query)
        self._db.set_authorizer(_authorize)
        try:
            cursor = self._db.execute(statement)
            names = _names([column[0] for column in cursor.description])
            shown = [(at, name) for at, name in enumerate(names) if not name.endswith(("__", DISPLAY))]
            return [_answered(shown, row) for row in cursor.fetchmany(MAX_ROWS)]
        except (sqlite3.Error, ValueError) as error:
            raise _explained(str(error), query) from error
        finally:
            self._db.set_authorizer(None)

    def _catch_up(self) -> None:
        """Bring in what was written since the last query."""
        touched, self._records.touched = self._records.touched, set()
        self._db.execute("BEGIN")
        for name, identity in touched:
            kind = self._records.type_of(name)
            for table, key in tables.keys(kind):
                self._db.execute(f'DELETE FROM "{table}" WHERE "{key}" = ?', (identity,))  # noqa: S608 - our own names
            document = self._records.get(name, identity)
            if document is not None:
                for table, row in tables.rows(self._records, kind, document):
                    self._insert(table, row)
        self._db.execute("COMMIT")

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        present = {name: value for name, value in row.items() if name in self._columns[table] and value is not None}
        columns = ", ".join(f'"{name}"' for name in present)
        marks = ", ".join("?" * len(present))
        self._db.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', tuple(present.values()))  # noqa: S608


def _authorize(action: int, table: str | None, *_: str | None) -> int:
    """Queries only, and none of the database's own tables."""
    allowed = action in _ALLOWED and not (table or "").startswith("sqlite_")
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _names(described: list[str]) -> list[str]:
    """The names of the columns in an answer: expressions without an alias count up as expr1, expr2."""
    names, expressions = [], 0
    for text in described:
        name = text.lower().strip('"')
        if not _ALIAS.fullmatch(name):
            expressions += 1
            name = f"expr{expressions}"
        names.append(name)
    return names


def _answered(shown: list[tuple[int, str]], row: tuple[Any, ...]) -> dict[str, str]:
    return {name: _text(row[at]) for at, name in shown if row[at] is not None}


def _text(value: Any) -> str:
    if isinstance(value, float):
        return format(round(value, 8), "f").rstrip("0").rstrip(".")
    text = str(value)
    return functions.from_internal(text) if text.startswith(functions.MARK) else text


def _explained(message: str, query: str) -> NetSuiteError:
    """What NetSuite says about the mistake that the database found."""
    missing, _, name = message.partition(": ")
    if missing == "no such table":
        return invalid_query(f"Invalid search type: {name}.")
    if missing == "no such column":
        table = re.search(r"\bFROM\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", query, re.IGNORECASE)
        known = f"{{{table.group(1).lower()}={table.group(1).lower()}}}" if table else "{}"
        column = name.rpartition(".")[2].removesuffix(DISPLAY)
        return invalid_query(
            f"Search error occurred: Unknown identifier '{column}'. Available identifiers are: {known}."
        )
    return unsupported()
