"""Queries and their pages.

Source: 'REST API Developer Guide: Query, QueryAll, Query More Results, Query Options Header'. A page has 2,000
records unless `Sforce-Query-Options: batchSize` (200 to 2,000) says otherwise. A locator does not survive a restart.
"""

import re
from typing import Any

from system_apis.salesforce_platform.sandbox.cursors import LARGEST_PAGE, QUERY_PREFIX, Cursor
from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.rest import Answer, Request
from system_apis.salesforce_platform.sandbox.soql import parse, run_query

SMALLEST_PAGE = 200


def query(request: Request) -> Answer:
    """Run a query over the living records."""
    return _first_page(request, include_deleted=False)


def query_all(request: Request) -> Answer:
    """Run a query over the living and the deleted records."""
    return _first_page(request, include_deleted=True)


def more(request: Request, locator: str) -> Answer:
    """The page of an earlier query that begins at the record which the locator names."""
    match = re.fullmatch(r"(\w{18})-(\d+)", locator)
    cursor = request.org.cursors.get(match[1]) if match else None
    if match is None or cursor is None:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return Answer(body=_page(request, cursor, int(match[2]), match[1], len(cursor.rows)))


def _first_page(request: Request, *, include_deleted: bool) -> Answer:
    text = request.query.get("q")
    if not text:
        raise ApiError("MALFORMED_QUERY", "SOQL query is required")
    result = run_query(request.org, parse(text), request.version, include_deleted=include_deleted)
    cursor = Cursor(result.rows, result.render, _page_size(request))
    identifier = ""
    if len(cursor.rows) > cursor.size:
        identifier = request.org.new_id(QUERY_PREFIX)
        request.org.cursors.open(identifier, cursor)
    return Answer(body=_page(request, cursor, 0, identifier, result.total))


def _page(request: Request, cursor: Cursor, start: int, identifier: str, total: int) -> dict[str, Any]:
    end = start + cursor.size
    done = end >= len(cursor.rows)
    page: dict[str, Any] = {"totalSize": total, "done": done}
    if not done:
        page["nextRecordsUrl"] = f"{request.root}/query/{identifier}-{end}"
    page["records"] = [cursor.render(row) for row in cursor.rows[start:end]]
    return page


def _page_size(request: Request) -> int:
    match = re.search(r"batchSize\s*=\s*(\d+)", request.headers.get("sforce-query-options", ""), re.IGNORECASE)
    return min(max(int(match[1]), SMALLEST_PAGE), LARGEST_PAGE) if match else LARGEST_PAGE
