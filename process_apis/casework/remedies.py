"""What people do to a parked process: each takes the case in hand first, so that of two at once one wins."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence

from process_apis.casework.undoing import OF_A_DEAL, ONBOARDING
from process_apis.casework.waiting import Waiting
from tollway.canonical.case import Case
from tollway.canonical.casework import Correction, CustomerChoice, EditAndRetry, MergeCustomers, SkipStep
from tollway.cases import Cases
from tollway.cases.actors import Actor, actor
from tollway.cases.rules import RULES, editable, within
from tollway.cases.skips import Skips
from tollway.ports.onboarding import Onboarding
from tollway.problem_document import Violation
from tollway.problems import Conflict, Invalid

Remedy = Callable[[Case, Actor], Awaitable[str]]
"""Does something about a case; answers what, for its history."""


class Remedies:
    """Retries, edits, skips, merges and cancels."""

    def __init__(
        self,
        cases: Cases,
        skips: Skips,
        onboarding: Onboarding,
        waiting: Waiting,
        skippable: Mapping[str, Sequence[str]],
    ) -> None:
        """`skippable`: the steps that may be left out, by process."""
        self._cases = cases
        self._skips = skips
        self._onboarding = onboarding
        self._waiting = waiting
        self._skippable = skippable

    async def retry(self, case_id: str) -> Case:
        """Run the process again as it is."""

        async def nothing(_case: Case, _by: Actor) -> str:
            return ""

        return await self._mend(case_id, nothing)

    async def edit_and_retry(self, case_id: str, order: EditAndRetry) -> Case:
        """Lay edits over the deal first."""

        async def edit(case: Case, _by: Actor) -> str:
            _check(order, self.editable(case))
            await self._onboarding.correct(Correction(deal_id=case.subject, case_id=case.id, edits=order.edits))
            return order.reason

        return await self._mend(case_id, edit)

    async def skip(self, case_id: str, order: SkipStep) -> Case:
        """Have a step left out."""

        async def skip(case: Case, by: Actor) -> str:
            steps = await self.skippable(case)
            if order.step not in steps:
                there = ", ".join(steps) or "none"
                raise Conflict(f"The step {order.step} may not be skipped here; the steps that may be are: {there}.")
            await self._skips.skip(case.process_id, order.step, order.reason, case_id=case.id, by=by.name)
            return order.reason

        return await self._mend(case_id, skip)

    async def merge(self, case_id: str, order: MergeCustomers) -> Case:
        """Say which customer of the ERP the account is first."""

        async def merge(case: Case, _by: Actor) -> str:
            if not self.mergeable(case):
                raise Conflict(f"Case {case.id} is no matter of several customers: there is nothing to merge.")
            choice = CustomerChoice(deal_id=case.subject, case_id=case.id, customer=order.customer)
            await self._onboarding.choose_customer(choice)
            return order.reason

        return await self._mend(case_id, merge)

    async def cancel(self, case_id: str) -> Case:
        """Undo what the process did, and close the case."""
        taken, by, hand = await self._take(case_id)
        try:
            by.require(taken)
            await self._waiting.give_up(taken)
        except BaseException:
            await self._cases.reopen(case_id)
            raise
        return await self._cases.cancel(case_id, by.name, hand)

    def editable(self, case: Case) -> list[str]:
        """The fields of the deal that may be edited to mend a case."""
        return editable(case.category, case.findings) if case.process in OF_A_DEAL else []

    def mergeable(self, case: Case) -> bool:
        """Whether a case is mended by saying which customer the account is."""
        return case.process == ONBOARDING and RULES[case.category].mergeable

    async def skippable(self, case: Case) -> list[str]:
        """The steps that a case's process failed at and that may be left out."""
        process = await self._waiting.process(case) if case.process in self._skippable else None
        failed = {step.name for step in process.steps if step.error} if process else set()
        return [step for step in self._skippable.get(case.process, ()) if step in failed]

    async def require_retryable(self, case: Case) -> None:
        """Raise what a retry of the case by the caller would be refused with."""
        actor().require(case)
        await self._waiting.require_runnable(case)

    async def require_cancellable(self, case: Case) -> None:
        """Raise what a cancellation of the case by the caller would be refused with."""
        actor().require(case)
        await self._waiting.require_cancellable(case)

    async def retryable(self, case: Case) -> bool:
        """Whether something waits on the case that can run again."""
        return await self._waiting.runs_again(case)

    async def cancellable(self, case: Case) -> bool:
        """Whether the case can be closed by giving up what waits on it."""
        return await self._waiting.can_be_given_up(case)

    async def _mend(self, case_id: str, remedy: Remedy) -> Case:
        taken, by, hand = await self._take(case_id)
        try:
            await self.require_retryable(taken)
            said = await remedy(taken, by)
            going = await self._cases.let_go(case_id, hand, "retried", by.name, said)
            await self._waiting.run_again(taken)
        except BaseException:
            await self._cases.reopen(case_id)
            raise
        return going

    async def _take(self, case_id: str) -> tuple[Case, Actor, str]:
        """The case in hand, whose hand it is, and its name."""
        by, hand = actor(), secrets.token_hex(8)
        by.require(await self._cases.get(case_id))
        return await self._cases.retrying(case_id, by.name, hand), by, hand


def _check(order: EditAndRetry, allowed: list[str]) -> None:
    """Raise Invalid, naming every field that may not be edited."""
    if not order.edits:
        raise Invalid("There is nothing to edit: name a field and what it is to be.")
    there = ", ".join(allowed) or "none"
    said = f"This field may not be edited here; those that may are: {there}."
    wrong = [
        Violation(pointer=f"/edits/{number}/field", message=said)
        for number, edit in enumerate(order.edits)
        if not within(edit.field, allowed)
    ]
    if wrong:
        raise Invalid("The source record is to be mended where it is kept.", violations=wrong)
