"""Whole trees of new records.

Source: 'REST API Developer Guide: sObject Tree': up to 200 records, five levels and five types; all or none.
"""

from collections.abc import Iterator
from typing import Any

from system_apis.salesforce_platform.sandbox import records
from system_apis.salesforce_platform.sandbox.errors import ApiError, no_such_column
from system_apis.salesforce_platform.sandbox.org import RolledBack, roll_back
from system_apis.salesforce_platform.sandbox.rest import Answer, Request
from system_apis.salesforce_platform.sandbox.schema import SObjectType

MOST_RECORDS, MOST_LEVELS, MOST_TYPES = 200, 5, 5


def create(request: Request, sobject: str) -> Answer:
    """Create the records and everything below them."""
    root = request.sobject(sobject)
    trees = request.record().get("records", [])
    nodes = [node for tree in trees for node in _walk(tree)]
    if len(nodes) > MOST_RECORDS or len({_type_name(node) for _, node in nodes}) > MOST_TYPES:
        message = f"A tree takes at most {MOST_RECORDS} records of {MOST_TYPES} types"
        raise ApiError("INVALID_INPUT", message)
    if max((level for level, _ in nodes), default=0) > MOST_LEVELS:
        raise ApiError("INVALID_INPUT", f"A tree takes at most {MOST_LEVELS} levels")
    planting = _Planting(request)
    try:
        with request.org.atomic():
            for tree in trees:
                planting.create(root, tree, {})
            if planting.errors:
                roll_back()
    except RolledBack:
        return Answer(400, {"hasErrors": True, "results": planting.errors})
    return Answer(201, {"hasErrors": False, "results": planting.results})


class _Planting:
    """The creation of trees, and what came of it."""

    def __init__(self, request: Request) -> None:
        self._org = request.org
        self.results: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    def create(self, sobject: SObjectType, node: dict[str, Any], parent: dict[str, str]) -> None:
        """Create a record below its parent, and then those below it."""
        children = {name: value for name, value in node.items() if _is_children(value)}
        own = {name: value for name, value in node.items() if name not in children}
        reference = node.get("attributes", {}).get("referenceId")
        try:
            with self._org.atomic():
                identifier = records.create(self._org, sobject, own | parent)
        except ApiError as error:
            self.errors.append({"referenceId": reference, "errors": [error.in_result()]})
            return
        self.results.append({"referenceId": reference, "id": identifier})
        for name, value in children.items():
            child = self._org.schema.child(sobject.name, name)
            if child is None:
                raise no_such_column(name, sobject.name)
            for one in value["records"]:
                self.create(self._org.schema.types[child.sobject], one, {child.field.name: identifier})


def _is_children(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("records"), list)


def _walk(node: dict[str, Any], level: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
    yield level, node
    for value in node.values():
        if _is_children(value):
            for child in value["records"]:
                yield from _walk(child, level + 1)


def _type_name(node: dict[str, Any]) -> str:
    return str(node.get("attributes", {}).get("type", ""))
