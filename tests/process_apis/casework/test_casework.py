"""What people do about parked processes."""

import asyncio
import datetime as dt

import msgspec
import pytest

from process_apis.invoice_generation.billable import invoice_details
from tollway import context
from tollway.canonical.case import CaseStatus, Category
from tollway.canonical.casework import (
    BulkAction,
    BulkOrder,
    CaseAction,
    CaseAssignment,
    CaseComment,
    CaseFilter,
    Correction,
    CustomerChoice,
    Edit,
    EditAndRetry,
    MergeCustomers,
    SkipStep,
)
from tollway.canonical.process import ProcessStatus
from tollway.problems import Conflict, Forbidden, Invalid, NotFound, Rejected

pytestmark = pytest.mark.usefixtures("as_lead")
BILLING_RUN = "invoice-generation:PRJ-DEAL-1"
CANCELLATION = "invoice-cancellation:PRJ-DEAL-1:PRJ-DEAL-1-001"
EDIT = EditAndRetry(edits=[Edit(field="account.tax_registration", value="DE1")], reason="As the customer wrote.")


@pytest.fixture
def claim(desk, make_contract, make_item):
    """Claims one item for a process."""

    async def claimed(process_id: str, number: int = 1):
        def invoice(reference, items):
            return invoice_details(make_contract("time_and_materials"), reference, items, dt.date(2026, 3, 1))

        return await desk.claims.claim(process_id, "PRJ-DEAL-1", [make_item(number)], invoice)

    return claimed


async def test_a_retry_runs_the_process_again_once(desk):
    """A retried case is being retried and its process runs again; a second retry meanwhile is a conflict."""
    case = await desk.parked("customer-onboarding")
    assert (await desk.casework.retry(case.id)).status is CaseStatus.RETRYING
    with pytest.raises(Conflict, match="retrying, not open"):
        await desk.casework.retry(case.id)
    assert desk.engine.retried == ["customer-onboarding:DEAL-1"]


async def test_a_cancelled_case_is_closed_and_cannot_be_retried(desk, acting):
    """A cancellation is noted with whoever asked for it, and ends what can be done with the case."""
    case = await desk.parked("collections", "PRJ-DEAL-1")
    with acting("finance_operations", name="finance@northwind"):
        cancelled = await desk.casework.cancel(case.id)
    assert (cancelled.status, cancelled.closed_by) == (CaseStatus.CANCELLED, "finance@northwind")
    assert cancelled.closed_at is not None
    for again in (desk.casework.retry, desk.casework.cancel):
        with pytest.raises(Conflict, match="cancelled, not open"):
            await again(case.id)
    assert (desk.engine.retried, desk.activation.cancelled) == ([], [])
    assert (await desk.casework.file(case.id)).actions == []


@pytest.mark.parametrize("process", ["customer-onboarding", "project-activation"])
async def test_cancelling_takes_the_activation_back(desk, process):
    """A cancelled onboarding or activation takes back what was set up for the deal."""
    case = await desk.parked(process)
    await desk.casework.cancel(case.id)
    assert desk.activation.cancelled == ["DEAL-1"]


@pytest.mark.parametrize("process", ["activation-cancellation", "invoice-cancellation"])
async def test_an_undoing_is_retried_and_not_cancelled(desk, process):
    """Cancelling is neither offered for what undoes something nor taken, one by one or in bulk; a retry is."""
    case = await desk.parked(process)
    desk.engine.known = {case.process_id}
    assert (await desk.casework.file(case.id)).actions == [CaseAction.RETRY]
    with pytest.raises(Conflict, match="not cancelled but retried"):
        await desk.casework.cancel(case.id)
    order = BulkOrder(action=BulkAction.CANCEL, filter=CaseFilter(), dry_run=False)
    (item,) = (await desk.casework.bulk(order)).items
    assert "not cancelled but retried" in item.refusal
    assert (await desk.status(case), desk.engine.given_up) == (CaseStatus.OPEN, [])
    await desk.casework.retry(case.id)
    assert desk.engine.retried == [case.process_id]


async def test_what_was_given_up_can_only_be_cancelled(desk):
    """A case that stayed open when its process was given up is not retried; cancelling it undoes what is left."""
    case = await desk.parked("project-activation")
    desk.engine.status = ProcessStatus.CANCELLED
    assert (await desk.casework.file(case.id)).actions == [CaseAction.CANCEL]
    with pytest.raises(Conflict, match="was given up and does not run again"):
        await desk.casework.edit_and_retry(case.id, EDIT)
    assert (await desk.status(case), desk.onboarding.told) == (CaseStatus.OPEN, [])
    assert (await desk.casework.cancel(case.id)).status is CaseStatus.CANCELLED
    assert (desk.engine.retried, desk.activation.cancelled) == ([], ["DEAL-1"])


async def test_a_stuck_notice_is_mended_from_the_desk(desk):
    """A retry has the notice taken again, a cancellation gives it up; what cannot be retried stays on the desk."""
    error = Rejected("The deal is nobody's.", category=Category.INCOMPLETE_DEAL)
    first, second, third = [await desk.cases.park("ingress", f"notice:{number}", "D", error) for number in (1, 2, 3)]
    assert (await desk.casework.file(first.id)).actions == [CaseAction.RETRY, CaseAction.CANCEL]
    assert (await desk.casework.retry(first.id)).status is CaseStatus.RETRYING
    assert (await desk.casework.cancel(second.id)).status is CaseStatus.CANCELLED
    assert (desk.ingress.retried, desk.ingress.skipped, desk.engine.retried) == (["1"], ["2"], [])
    desk.ingress.refusal = Conflict("Notice 3 is done.")
    with pytest.raises(Conflict, match="Notice 3 is done"):
        await desk.casework.retry(third.id)
    assert await desk.status(third) is CaseStatus.OPEN
    assert (await desk.casework.cancel(third.id)).status is CaseStatus.CANCELLED


async def test_cancelling_a_billing_run_has_its_invoice_cancelled(desk, claim):
    """A process of its own cancels what a given up run had claimed for; the activation stays."""
    details = await claim(BILLING_RUN)
    case = await desk.parked("invoice-generation", "PRJ-DEAL-1")
    await desk.casework.cancel(case.id)
    (order,) = desk.engine.started.values()
    assert (order.invoice, list(desk.engine.started)) == (details, [CANCELLATION])
    assert desk.engine.given_up == [BILLING_RUN]
    assert desk.activation.cancelled == []


async def test_a_billing_run_that_claimed_nothing_never_will(desk, claim):
    """A run that is given up before it claims anything claims nothing afterwards, and there is no invoice to cancel."""
    case = await desk.parked("invoice-generation", "PRJ-DEAL-1")
    await desk.casework.cancel(case.id)
    assert desk.engine.started == {}
    assert await claim(BILLING_RUN) is None
    assert await claim("invoice-generation:PRJ-DEAL-1:next") is not None


async def test_a_billing_run_that_is_being_retried_keeps_its_work(desk, claim):
    """Cancelling a run that somebody retries is a conflict and releases nothing, since the run may be invoicing it."""
    await claim(BILLING_RUN)
    case = await desk.parked("invoice-generation", "PRJ-DEAL-1")
    await desk.casework.retry(case.id)
    with pytest.raises(Conflict, match="retrying, not open"):
        await desk.casework.cancel(case.id)
    assert await claim("invoice-generation:PRJ-DEAL-1:next") is None


@pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
async def test_of_a_retry_and_a_cancellation_at_once_one_wins(desk, claim):
    """However often a case is retried and cancelled at once, its invoice is cancelled or billed, never both."""
    await claim(BILLING_RUN)
    case = await desk.parked("invoice-generation", "PRJ-DEAL-1")
    both = [desk.casework.cancel(case.id), desk.casework.retry(case.id), desk.casework.cancel(case.id)]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 2
    cancelled, retried = list(desk.engine.started) == [CANCELLATION], desk.engine.retried == [BILLING_RUN]
    assert cancelled != retried
    assert await desk.status(case) is (CaseStatus.RETRYING if retried else CaseStatus.CANCELLED)


async def test_an_edit_is_handed_on_and_the_process_runs_again(desk):
    """Edits of fields that the case allows go to whoever reads the deal, and then the process runs again."""
    case = await desk.parked("customer-onboarding", category=Category.MISSING_TAX_REGISTRATION)
    file = await desk.casework.file(case.id)
    assert CaseAction.EDIT_AND_RETRY in file.actions
    assert "account.tax_registration" in file.editable
    assert (await desk.casework.edit_and_retry(case.id, EDIT)).status is CaseStatus.RETRYING
    assert desk.onboarding.told == [Correction(deal_id="DEAL-1", case_id=case.id, edits=EDIT.edits)]
    assert desk.engine.retried == [case.process_id]
    (retried,) = [event for event in (await desk.casework.file(case.id)).history if event.did == "retried"]
    assert (retried.by, retried.detail) == ("lead@northwind", "As the customer wrote.")


@pytest.mark.parametrize(
    ("process", "category", "field"),
    [
        ("customer-onboarding", Category.MISSING_TAX_REGISTRATION, "value.amount"),
        ("customer-onboarding", Category.MISSING_TAX_REGISTRATION, "account.id"),
        ("customer-onboarding", Category.MISSING_TAX_REGISTRATION, "account.tax_registrations"),
        ("invoice-generation", Category.CREDIT_HOLD, "account.tax_registration"),
    ],
)
async def test_only_the_offending_fields_may_be_edited(desk, process, category, field):
    """What the case does not call wrong is refused by its place, and the case stays open with nothing changed."""
    case = await desk.parked(process, category=category)
    with pytest.raises(Invalid) as refused:
        await desk.casework.edit_and_retry(case.id, EditAndRetry(edits=[*EDIT.edits, Edit(field=field, value="1")]))
    assert "/edits/1/field" in [violation.pointer for violation in refused.value.violations]
    assert await desk.status(case) is CaseStatus.OPEN
    assert (desk.onboarding.told, desk.engine.retried) == ([], [])


async def test_no_edit_is_no_edit(desk):
    """An order without edits is refused rather than taken for a retry."""
    case = await desk.parked("customer-onboarding", category=Category.MISSING_TAX_REGISTRATION)
    with pytest.raises(Invalid, match="nothing to edit"):
        await desk.casework.edit_and_retry(case.id, EditAndRetry(edits=[]))


async def test_what_the_source_refuses_leaves_the_case_open(desk):
    """Edits that do not fit the deal are refused, nothing runs, and the case can be acted on again."""
    case = await desk.parked("customer-onboarding", category=Category.MISSING_TAX_REGISTRATION)
    desk.onboarding.refusal = Invalid("An edit does not fit.")
    with pytest.raises(Invalid, match="does not fit"):
        await desk.casework.edit_and_retry(case.id, EDIT)
    assert await desk.status(case) is CaseStatus.OPEN
    assert desk.engine.retried == []
    desk.onboarding.refusal = None
    await desk.casework.edit_and_retry(case.id, EDIT)


async def test_a_step_that_may_be_skipped_is_left_out(desk):
    """A failed step that the process declares so is skipped for that process and no other, and it runs again."""
    desk.engine.failed_at = ["tell_crm"]
    case = await desk.parked("collections", "PRJ-DEAL-1")
    assert (await desk.casework.file(case.id)).skippable == ["tell_crm"]
    await desk.casework.skip(case.id, SkipStep(step="tell_crm", reason="The deal was deleted."))
    assert desk.engine.retried == [case.process_id]
    assert "skipped" in await desk.did(case)


@pytest.mark.parametrize(("process", "step"), [("collections", "tell_psa"), ("invoice-generation", "post_invoice")])
async def test_no_other_step_may_be_skipped(desk, process, step):
    """A step that did not fail, or that the process cannot do without, is not skipped."""
    desk.engine.failed_at = ["tell_crm", "post_invoice"]
    case = await desk.parked(process, "PRJ-DEAL-1")
    with pytest.raises(Conflict, match=f"The step {step} may not be skipped"):
        await desk.casework.skip(case.id, SkipStep(step=step))
    assert await desk.status(case) is CaseStatus.OPEN
    assert desk.engine.retried == []


async def test_a_merge_says_which_customer_the_account_is(desk):
    """The surviving customer is told to onboarding, and the process runs again."""
    case = await desk.parked("customer-onboarding", category=Category.CUSTOMER_MASTER_CONFLICT)
    assert CaseAction.MERGE in (await desk.casework.file(case.id)).actions
    await desk.casework.merge(case.id, MergeCustomers(customer="CUST-7"))
    assert desk.onboarding.told == [CustomerChoice(deal_id="DEAL-1", case_id=case.id, customer="CUST-7")]
    assert desk.engine.retried == [case.process_id]


async def test_what_is_no_matter_of_customers_is_not_merged(desk):
    """A case of another kind has nothing to merge."""
    case = await desk.parked("customer-onboarding")
    with pytest.raises(Conflict, match="nothing to merge"):
        await desk.casework.merge(case.id, MergeCustomers(customer="CUST-7"))
    assert await desk.status(case) is CaseStatus.OPEN


async def test_a_role_acts_on_its_own_desk_only(desk, acting):
    """Whoever has finance's role acts on finance's cases; on others every action is refused and nothing happens."""
    theirs = await desk.parked("customer-onboarding", "DEAL-2", Category.MISSING_TAX_REGISTRATION)
    own = await desk.parked("customer-onboarding", "DEAL-1", Category.CREDIT_HOLD)
    work = desk.casework
    with acting("finance_operations"):
        for act in (
            work.retry(theirs.id),
            work.cancel(theirs.id),
            work.edit_and_retry(theirs.id, EDIT),
            work.skip(theirs.id, SkipStep(step="x")),
            work.merge(theirs.id, MergeCustomers(customer="x")),
            work.assign(theirs.id, CaseAssignment(assignee="me")),
        ):
            with pytest.raises(Forbidden, match="operations:sales_operations"):
                await act
        assert [case.id for case in await work.cases(CaseFilter(mine=True))] == [own.id]
        await work.retry(own.id)
    assert await desk.casework.case(theirs.id) == theirs
    assert desk.engine.retried == [own.process_id]


async def test_without_a_role_nobody_acts(desk, acting):
    """A token that grants no role, such as one of a program that only writes, acts on no case at all."""
    case = await desk.parked("customer-onboarding")
    with acting("write"):
        with pytest.raises(Forbidden):
            await desk.casework.retry(case.id)
        assert await desk.casework.cases(CaseFilter(mine=True)) == []


async def test_a_finding_that_is_no_process_can_only_be_closed(desk):
    """Nothing runs again where no process waits; the case says what to do and can be closed."""
    drift = Rejected("The invoice is missing.", category=Category.RECONCILIATION_DRIFT)
    case = await desk.cases.park("reconciliation", "reconciliation:INV-1", "INV-1", drift)
    assert (await desk.casework.file(case.id)).actions == [CaseAction.CANCEL]
    with pytest.raises(Conflict, match="nothing can run again"):
        await desk.casework.retry(case.id)
    assert (await desk.casework.cancel(case.id)).status is CaseStatus.CANCELLED


async def test_the_file_shows_what_was_sent_and_came_back_without_secrets(desk, acting):
    """Evidence has each write of the process with what was sent and answered; secrets and accounts are masked."""
    case = await desk.parked("customer-onboarding")

    async def send():
        return {"id": "7", "iban": "DE89370400440532013000"}

    async def absent():
        return None

    async def refuse():
        raise Rejected("Refused with Authorization: Bearer abcdefghijklmnop")

    from msgspec.structs import replace  # noqa: PLC0415

    from tollway import context  # noqa: PLC0415

    token = context.enter(replace(context.new_context(), process_id=case.process_id))
    await desk.effects.apply("customer:1", {"name": "Acme", "password": "hunter2"}, send, absent, dict)
    with pytest.raises(Rejected):
        await desk.effects.apply("customer:2", {"name": "Beta"}, refuse, absent, dict)
    context.leave(token)
    first, second = (await desk.casework.file(case.id)).effects
    assert (first.effect, first.outcome, second.outcome) == ("customer:1", "applied", "rejected")
    assert "Acme" in first.sent
    assert "hunter2" not in first.sent
    assert "3000" in first.came_back
    assert "DE8937" not in first.came_back
    assert "abcdefgh" not in second.came_back


async def test_everything_that_is_done_is_in_the_history(desk, acting):
    """A case's history has who did what in order, and comments by anybody."""
    case = await desk.parked("customer-onboarding")
    with acting("finance_operations", name="fred"):
        await desk.casework.assign(case.id, CaseAssignment(assignee="fred"))
    with acting(name="sue"):
        said = await desk.casework.comment(case.id, CaseComment(text="The customer called."))
    await desk.casework.retry(case.id)
    history = (await desk.casework.file(case.id)).history
    assert [(event.did, event.by) for event in history] == [
        ("opened", "tollway"),
        ("assigned", "fred"),
        ("commented", "sue"),
        ("retried", "lead@northwind"),
    ]
    assert history[2] == said
    assert (await desk.casework.case(case.id)).assignee == "fred"


async def test_what_is_not_there_is_none(desk):
    """An unknown case and an unknown process are answered as not there."""
    assert await desk.casework.case("CASE-0") is None
    assert await desk.casework.process("nobody") is None
    for act in (desk.casework.file("CASE-0"), desk.casework.retry("CASE-0"), desk.casework.cancel("CASE-0")):
        with pytest.raises(NotFound):
            await act
    with pytest.raises(NotFound):
        await desk.casework.comment("CASE-0", CaseComment(text="?"))


async def test_a_comment_is_made_once_by_one_request(desk):
    """A request that is carried out again, since nobody knew what came of it, says nothing twice."""
    case = await desk.parked("customer-onboarding")
    token = context.enter(msgspec.structs.replace(context.current(), request_key="one"))
    for _ in range(2):
        said = await desk.casework.comment(case.id, CaseComment(text="The customer called."))
    context.leave(token)
    await desk.casework.comment(case.id, CaseComment(text="The customer called."))
    assert said.did == "commented"
    assert (await desk.did(case)).count("commented") == 2
