"""Turns field paths and functions of a query into functions of a record.

Source: 'SOQL and SOSL Reference: Relationship Queries'; the messages are those of the platform's INVALID_FIELD and
INVALID_TYPE answers.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.schema import Field, SObjectType
from system_apis.salesforce_platform.sandbox.soql import dates
from system_apis.salesforce_platform.sandbox.soql.lexer import malformed
from system_apis.salesforce_platform.sandbox.soql.nodes import Call, Path, Query

Getter = Callable[[Record], Any]
AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
REFERENCE_HINT = "Please reference your WSDL or the describe call for the appropriate names."


class Column(msgspec.Struct, frozen=True):
    """A value that can be read from a record: the lookups to follow, the field at their end, and how to read it."""

    lookups: tuple[Field, ...]
    field: Field
    type: str
    """The type of the value, which a function may change."""
    get: Getter


class Scope(msgspec.Struct, frozen=True):
    """What names in one query mean."""

    org: Org
    query: Query
    sobject: SObjectType

    def column(self, expression: Path | Call) -> Column:
        """The column that a path or a function of one stands for."""
        if isinstance(expression, Path):
            return self._path(expression)
        name = expression.function
        if expression.argument is None or (name not in dates.FUNCTIONS and name != "TOLABEL"):
            raise malformed(self.query.text, expression.offset, f"unexpected token: '{name}'")
        inner = self.column(expression.argument)
        if name == "TOLABEL":
            return inner
        function, get = dates.FUNCTIONS[name], inner.get
        kind = "date" if name == "DAY_ONLY" else "int"

        def _apply(record: Record) -> Any:
            text = get(record)
            return None if text is None else function(text)

        return msgspec.structs.replace(inner, type=kind, get=_apply)

    def names(self, path: Path) -> tuple[str, ...]:
        """The path without the alias or the name of the object in front of it."""
        first = path.names[0].lower()
        own = first in (self.sobject.name.lower(), (self.query.alias or "").lower())
        if len(path.names) > 1 and own and self.sobject.parent(first) is None:
            return path.names[1:]
        return path.names

    def _path(self, path: Path) -> Column:
        *relationships, last = self.names(path)
        lookups: list[Field] = []
        targets = [self.sobject]
        for relationship in relationships:
            lookup = next(filter(None, (target.parent(relationship) for target in targets)), None)
            if lookup is None:
                raise self._unknown_relationship(path, relationship)
            lookups.append(lookup)
            targets = [self.org.schema.types[target] for target in lookup.targets]
        field = next(filter(None, (target.field(last) for target in targets)), None)
        if field is None:
            raise self._unknown_field(path, last, targets[0].name if len(targets) == 1 else "Name")
        return Column(tuple(lookups), field, field.type, self._reader(tuple(lookups), field.name))

    def _reader(self, lookups: tuple[Field, ...], name: str) -> Getter:
        if not lookups:
            return lambda record: record.get(name)
        org = self.org

        def _read(record: Record) -> Any:
            for lookup in lookups:
                parent = follow(org, lookup, record)
                if parent is None:
                    return None
                record = parent
            return record.get(name)

        return _read

    def _unknown_relationship(self, path: Path, name: str) -> ApiError:
        return malformed(
            self.query.text,
            path.offset,
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
            f"relationship, be sure to append the '__r' after the custom relationship name. {REFERENCE_HINT}",
            "INVALID_FIELD",
        )

    def _unknown_field(self, path: Path, name: str, sobject: str) -> ApiError:
        return malformed(
            self.query.text,
            path.offset,
            f"No such column '{name}' on entity '{sobject}'. If you are attempting to use a custom field, be sure to "
            f"append the '__c' after the custom field name. {REFERENCE_HINT}",
            "INVALID_FIELD",
        )


def follow(org: Org, lookup: Field, record: Record) -> Record | None:
    """The parent that a lookup of the record points at."""
    identifier = record.get(lookup.name)
    if identifier is None:
        return None
    return org.get(org.schema.by_prefix[identifier[:3]].name, identifier)


def open_scope(org: Org, query: Query) -> Scope:
    """The scope of a query over an sObject."""
    name = query.source.names[-1]
    sobject = org.schema.type(name) if len(query.source.names) == 1 else None
    if sobject is None:
        raise malformed(
            query.text,
            query.source.offset,
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
            f"the '__c' after the entity name. {REFERENCE_HINT}",
            "INVALID_TYPE",
        )
    return Scope(org, query, sobject)
