"""The org: its records in the sandbox's state, the indexes that find them, and transactions that tell the flow."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from system_apis.salesforce_platform.sandbox.cursors import Cursors
from system_apis.salesforce_platform.sandbox.flows import Flow
from system_apis.salesforce_platform.sandbox.ids import build_id
from system_apis.salesforce_platform.sandbox.schema import Schema, SObjectType, load_schema
from system_apis.salesforce_platform.sandbox.values import format_datetime
from tollway.sandboxes.state import State

Record = dict[str, Any]
Index = dict[Any, dict[str, None]]
Written = tuple[str, str, Record | None, Record]
"""A record's sObject and id, and the record before and after."""
ORGANIZATION_PREFIX = "00D"


class RolledBack(Exception):
    """Leaves a transaction so that nothing of it happens; whoever began it catches it."""


def roll_back() -> NoReturn:
    """Undo the transaction that this is called in."""
    raise RolledBack


class Org:
    """Records by sObject and id; a deleted record stays, marked IsDeleted."""

    def __init__(self, state: State, clock: Callable[[], dt.datetime]) -> None:
        self.state = state
        self.schema: Schema = load_schema()
        self.clock = clock
        self.id = build_id(ORGANIZATION_PREFIX, 1)
        self.user_id = ""
        """The integration user that every session belongs to."""
        self.cursors = Cursors()
        self._calls: tuple[dt.date, int] = (dt.date.min, 0)
        self.on_change: Flow | None = None
        self._indexes: dict[tuple[str, str], Index] = {}
        self.capture: Callable[[Sequence[Written]], None] | None = None
        """Told of all that a transaction wrote before it is committed, and part of it."""
        self._journal: list[Written] = []
        self._depth = 0

    def now(self) -> str:
        """The present as the platform stamps records: whole seconds."""
        return format_datetime(self.clock().replace(microsecond=0))

    def count_request(self) -> int:
        """Count one more call of the API and return how many there were today."""
        self._calls = (self.clock().date(), self.requests_today() + 1)
        return self._calls[1]

    def requests_today(self) -> int:
        """The calls of the API so far today, since the sandbox started."""
        day, count = self._calls
        return count if day == self.clock().date() else 0

    def new_id(self, prefix: str) -> str:
        """A fresh id of the sObject with that prefix."""
        return build_id(prefix, self.state.next_number(f"id:{prefix}"))

    def get(self, sobject: str, identifier: str) -> Record | None:
        """The record, deleted or not; never to be changed in place."""
        return self.state.get(sobject, identifier)

    def all(self, sobject: str) -> Mapping[str, Record]:
        """Every record by id, in the order of creation, with the deleted ones."""
        return self.state.all(sobject)

    def find(self, sobject: SObjectType, field: str, value: object) -> list[Record]:
        """The records, deleted or not, whose indexed field has that value; text in any case."""
        ids = self._index(sobject.name, field).get(_index_key(sobject, field, value), {})
        return [self.state.all(sobject.name)[identifier] for identifier in ids]

    def write(self, sobject: SObjectType, after: Record) -> None:
        """Keep a new or changed record."""
        identifier = after["Id"]
        with self.atomic():
            before = self.state.get(sobject.name, identifier)
            self._journal.append((sobject.name, identifier, before, after))
            self._apply(sobject, identifier, before, after)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Everything inside happens, or, when it raises, nothing; nests, and an inner failure undoes the inner part."""
        mark = len(self._journal)
        self._depth += 1
        try:
            with self.state.transaction():
                try:
                    yield
                    if self._depth == 1 and self.capture and self._journal:
                        self.capture(self._journal)
                except BaseException:
                    self._undo(mark)
                    raise
        finally:
            self._depth -= 1
        if self._depth == 0:
            self._tell_flow()

    def _undo(self, mark: int) -> None:
        while len(self._journal) > mark:
            name, identifier, before, after = self._journal.pop()
            self._apply(self.schema.types[name], identifier, after, before)

    def _tell_flow(self) -> None:
        journal, self._journal = self._journal, []
        if self.on_change:
            for name, _, before, after in journal:
                self.on_change(name, before, after)

    def _apply(self, sobject: SObjectType, identifier: str, before: Record | None, after: Record | None) -> None:
        for (name, field), index in self._indexes.items():
            if name != sobject.name:
                continue
            if before is not None and before.get(field) is not None:
                index.get(_index_key(sobject, field, before[field]), {}).pop(identifier, None)
            if after is not None and after.get(field) is not None:
                index.setdefault(_index_key(sobject, field, after[field]), {})[identifier] = None
        if after is None:
            self.state.delete(sobject.name, identifier)
        else:
            self.state.put(sobject.name, identifier, after)

    def _index(self, name: str, field: str) -> Index:
        index = self._indexes.get((name, field))
        if index is None:
            sobject = self.schema.types[name]
            index = self._indexes[name, field] = {}
            for identifier, record in self.state.all(name).items():
                if record.get(field) is not None:
                    index.setdefault(_index_key(sobject, field, record[field]), {})[identifier] = None
        return index


def _index_key(sobject: SObjectType, field: str, value: object) -> object:
    return value.lower() if isinstance(value, str) and sobject.fields[field].type != "reference" else value
