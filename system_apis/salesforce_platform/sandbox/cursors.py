"""The queries whose later pages may still be asked for.

Source: 'REST API Developer Guide: Query More Results'. A child query pages too: answers of live orgs recorded in
simple-salesforce's issue 311 and jsforce's 577 hold 499 children and the locator of the rest.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

MOST_CURSORS = 100
QUERY_PREFIX = "0r8"
LARGEST_PAGE, CHILD_PAGE = 2000, 499


class Cursor(msgspec.Struct, frozen=True):
    """The rows of a query, how to render one, and how many make a page."""

    rows: list[dict[str, Any]]
    render: Callable[[dict[str, Any]], dict[str, Any]]
    size: int


class Cursors:
    """The open cursors of an org; the oldest closes when there are too many."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Cursor] = OrderedDict()

    def open(self, identifier: str, cursor: Cursor) -> None:
        """Keep a cursor."""
        self._open[identifier] = cursor
        if len(self._open) > MOST_CURSORS:
            self._open.popitem(last=False)

    def get(self, identifier: str) -> Cursor | None:
        """The cursor, unless it is closed."""
        return self._open.get(identifier)
