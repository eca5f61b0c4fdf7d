"""The same thing done about many cases, one after the other."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from process_apis.casework.remedies import Remedies
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.casework import BulkAction, BulkItem, BulkOrder, BulkResult
from tollway.cases.actors import actor
from tollway.cases.desk import Desk
from tollway.problems import Invalid, ProblemError

Deed = Callable[[Case], Awaitable[Any]]
MOST = 200
"""Cases of one order, so that it is answered before its caller gives up."""


class Bulk:
    """Takes orders for all cases of a filter that the caller may act on."""

    def __init__(self, desk: Desk, remedies: Remedies) -> None:
        self._desk = desk
        self._remedies = remedies

    async def do(self, order: BulkOrder) -> BulkResult:
        """Do what is ordered to each case, whatever becomes of the others; a dry run tells what would be refused."""
        if order.filter.status not in (None, CaseStatus.OPEN):
            raise Invalid("Only open cases can be acted on: leave the filter's status out.")
        if order.action is BulkAction.COMMENT and not order.comment:
            raise Invalid("A comment says something: give its text in `comment`.")
        most = min(order.filter.limit, MOST)
        wanted = replace(order.filter, status=CaseStatus.OPEN, mine=True, limit=most + 1)
        found = await self._desk.cases(wanted, actor())
        act = self._check(order) if order.dry_run else self._action(order)
        items = [await _item(case, act, dry_run=order.dry_run) for case in found[:most]]
        return BulkResult(dry_run=order.dry_run, items=items, more=len(found) > most)

    def _action(self, order: BulkOrder) -> Deed:
        by = actor()
        match order.action:
            case BulkAction.RETRY:
                return lambda case: self._remedies.retry(case.id)
            case BulkAction.CANCEL:
                return lambda case: self._remedies.cancel(case.id)
            case BulkAction.ASSIGN:
                return lambda case: self._desk.assign(case.id, order.assignee, by)
            case BulkAction.COMMENT:
                return lambda case: self._desk.comment(case.id, order.comment, by)

    def _check(self, order: BulkOrder) -> Deed:
        """What raises where an action would be refused; anybody of the desk may assign and comment."""
        match order.action:
            case BulkAction.RETRY:
                return self._remedies.require_retryable
            case BulkAction.CANCEL:
                return self._remedies.require_cancellable
        return _nothing


async def _item(case: Case, act: Deed, *, dry_run: bool) -> BulkItem:
    refusal = ""
    try:
        await act(case)
    except ProblemError as error:
        refusal = error.detail
    done = not (dry_run or refusal)
    return BulkItem(case_id=case.id, subject=case.subject, summary=case.summary, done=done, refusal=refusal)


async def _nothing(_case: Case) -> None:
    pass
