"""Every kind of disagreement is seen, and nothing else with it."""

import datetime as dt
from decimal import Decimal

import pytest
from msgspec.structs import replace

from process_apis.reconciliation.comparison import compare_customer, compare_project
from tollway.canonical.contract import ContractType
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.money import Money
from tollway.canonical.reconciliation import DriftKind as Kind
from tollway.canonical.work import WorkKind


def money(amount: str, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def _cancelled(view):
    view.engagement = replace(view.engagement, status="cancelled")


def _closed_in_erp(view):
    view.erp = replace(view.erp, closed=True)


def _not_told_its_project(view):
    view.deal = replace(view.deal, progress=replace(view.deal.progress, project_number=None))


def _unmarked(view):
    view.work[0] = replace(view.work[0], invoice_number="")


def _marked_otherwise(view):
    view.work[0] = replace(view.work[0], invoice_number="INV9")


def _marked_for_nothing(view):
    view.work[2] = replace(view.work[2], invoice_number="INV9")


def _repriced(view):
    view.work[1] = replace(view.work[1], amount=money("400.01"))


def _old_work(view):
    view.work[2] = replace(view.work[2], on=dt.date(2026, 5, 16))


def _missing(view):
    view.invoices.clear()
    view.deal = replace(view.deal, progress=replace(view.deal.progress, invoiced=None, paid=None))
    view.psa = replace(view.psa, billing=None)


def _copied(view):
    view.invoices.append(replace(view.invoices[0], id="32", number="INV2", status=InvoiceStatus.OPEN, paid=money("0")))
    _tell(view, "2200.00")


def _made_again_by_hand(view):
    _copied(view)
    view.invoices[1] = replace(view.invoices[1], reference="")


def _a_cent_off(view):
    view.invoices[0] = replace(view.invoices[0], net=money("999.99"))


def _another_currency(view):
    view.invoices[0] = replace(view.invoices[0], net=money("1000.00", "EUR"), currency="EUR")


def _draft(view):
    view.invoices[0] = replace(view.invoices[0], status=InvoiceStatus.DRAFT, number="", paid=money("0.00"))
    _tell(view, "0.00", "0.00")


def _voided(view):
    view.invoices[0] = replace(view.invoices[0], status=InvoiceStatus.CANCELLED)
    _tell(view, "0.00", "0.00")


def _forgotten(view):
    view.claimed.clear()


def _paid_since(view):
    view.invoices[0] = replace(view.invoices[0], paid=money("1100.00"), status=InvoiceStatus.PAID)


def _told_differently(view):
    view.psa = replace(view.psa, billing=replace(view.psa.billing, paid=money("0.00")))


def _tell(view, invoiced: str, paid: str = "400.00"):
    told = {"invoiced": money(invoiced), "paid": money(paid)}
    view.deal = replace(view.deal, progress=replace(view.deal.progress, **told))
    view.psa = replace(view.psa, billing=replace(view.psa.billing, **told))


PLANTED = [
    (_cancelled, Kind.PROJECT_STATE_DIFFERS, "PRJ-D1"),
    (_closed_in_erp, Kind.PROJECT_STATE_DIFFERS, "PRJ-D1"),
    (_not_told_its_project, Kind.PROJECT_NOT_TOLD, "PRJ-D1"),
    (lambda view: setattr(view, "psa", None), Kind.PROJECT_MISSING_IN_PSA, "PRJ-D1"),
    (lambda view: setattr(view, "erp", None), Kind.PROJECT_MISSING_IN_ERP, "PRJ-D1"),
    (_unmarked, Kind.WORK_NOT_MARKED, "PRJ-D1-001"),
    (_marked_otherwise, Kind.WORK_MARKED_OTHERWISE, "time:T1"),
    (_marked_for_nothing, Kind.WORK_MARKED_OTHERWISE, "time:T3"),
    (_repriced, Kind.WORK_REPRICED, "time:T2"),
    (_old_work, Kind.WORK_UNBILLED, "PRJ-D1"),
    (_missing, Kind.INVOICE_MISSING, "PRJ-D1-001"),
    (_copied, Kind.INVOICE_DOUBLED, "PRJ-D1-001"),
    (_made_again_by_hand, Kind.INVOICE_DOUBLED, "PRJ-D1-001"),
    (_a_cent_off, Kind.INVOICE_AMOUNT_DIFFERS, "PRJ-D1-001"),
    (_another_currency, Kind.INVOICE_AMOUNT_DIFFERS, "PRJ-D1-001"),
    (_draft, Kind.INVOICE_NOT_POSTED, "PRJ-D1-001"),
    (_voided, Kind.INVOICE_CANCELLED, "PRJ-D1-001"),
    (_forgotten, Kind.INVOICE_UNKNOWN, "PRJ-D1-001"),
    (_paid_since, Kind.STATUS_NOT_TOLD, "PRJ-D1"),
    (_told_differently, Kind.STATUS_NOT_TOLD, "PRJ-D1"),
]


def test_systems_that_agree_have_no_drift(make_view, rules):
    """A project that is billed, partly paid, and worked on today is no drift, in whole or in the run's days."""
    assert compare_project(make_view(), rules) == []
    assert compare_project(make_view(whole=False), rules) == []


@pytest.mark.parametrize(("plant", "kind", "object_id"), PLANTED)
def test_a_planted_drift_is_found_and_no_other(make_view, rules, plant, kind, object_id):
    """Each kind of disagreement is found as what it is, about what it is about, and brings no other with it."""
    view = make_view()
    plant(view)
    found = compare_project(view, rules)
    assert [(one.kind, one.object_id) for one in found] == [(kind, object_id)]
    assert found[0].subject == "PRJ-D1"
    assert len(found[0].says) >= 2


def test_every_kind_of_a_project_is_planted():
    """No kind is left untried: those about nobody's projects and about customers are tried below."""
    elsewhere = {Kind.DEAL_NOT_ONBOARDED, Kind.PROJECT_UNKNOWN, Kind.CUSTOMER_MISSING, Kind.CUSTOMER_DOUBLED,
                 Kind.CUSTOMER_DIFFERS}  # fmt: skip
    assert {kind for _, kind, _ in PLANTED} == set(Kind) - elsewhere - {Kind.UNREADABLE}  # no comparison finds it


def test_what_finance_bills_by_hand_besides_is_no_drift(make_view, rules):
    """An invoice of finance's own over another amount counts, and work that delivery marks with it is billed."""
    view = make_view()
    extra = replace(view.invoices[0], id="40", reference="", number="HAND1", net=money("50.00"), total=money("55.00"))
    view.invoices.append(extra)
    view.work[2] = replace(view.work[2], invoice_number="HAND1")
    _tell(view, "1155.00", "800.00")
    assert compare_project(view, rules) == []


def test_hours_under_a_fixed_fee_wait_for_no_invoice(make_view, rules):
    """Old time is unbilled only where time is charged, and a milestone only where milestones are."""
    fixed = replace(make_view().engagement, contract_type=ContractType.FIXED_FEE)
    view = make_view(engagement=fixed)
    view.work[2] = replace(view.work[2], on=dt.date(2026, 1, 5))
    assert compare_project(view, rules) == []
    view.work[2] = replace(view.work[2], kind=WorkKind.MILESTONE, amount=None)
    (found,) = compare_project(view, rules)
    assert (found.kind, found.amount) == (Kind.WORK_UNBILLED, money("0.00"))


def test_a_part_of_a_projects_days_proves_nothing_about_its_sums(make_view, rules):
    """Where a project began before the run's days, its sums are to be looked at in whole before anything is said."""
    older = replace(make_view().engagement, since=dt.date(2025, 1, 1))
    view = make_view(engagement=older, whole=False)
    assert [one.kind for one in compare_project(view, rules)] == [Kind.STATUS_NOT_TOLD]
    view.whole = True
    assert compare_project(view, rules) == []


def test_a_won_deal_that_nobody_onboarded(make_view, rules):
    """It is found, unless it was won before any of our engagements; then only its project would be strange."""
    nobodys = {"engagement": None, "psa": None, "erp": None, "work": [], "claimed": [], "invoices": []}
    view = make_view(**nobodys)
    (found,) = compare_project(view, rules)
    assert (found.kind, found.object_id, found.subject) == (Kind.DEAL_NOT_ONBOARDED, "D1", "D1")
    view.deal = replace(view.deal, closed_on=dt.date(2025, 12, 31))
    assert compare_project(view, rules) == []
    view.erp = make_view().erp
    assert [one.kind for one in compare_project(view, rules)] == [Kind.PROJECT_UNKNOWN]


def test_customers(make_customers):
    """An account with one customer is in order; none, two, or another of the same tax registration are not."""
    view = make_customers()
    assert compare_customer(view) == []
    (customer,) = view.linked
    assert [one.kind for one in compare_customer(make_customers(linked=[]))] == [Kind.CUSTOMER_MISSING]
    twins = [customer, replace(customer, id="8", number="C8")]
    (doubled,) = compare_customer(make_customers(linked=twins))
    assert (doubled.kind, doubled.object_id, doubled.subject) == (Kind.CUSTOMER_DOUBLED, "US:A1", "PRJ-D1")
    same = make_customers(same_registration=[replace(customer, id="9", account_id="")])
    assert [one.kind for one in compare_customer(same)] == [Kind.CUSTOMER_DOUBLED]


def test_a_customer_that_is_registered_otherwise(make_view, make_customers):
    """Another tax registration than the account's is found, or none; the same one written otherwise is no drift."""
    (customer,) = make_customers().linked
    deals = [replace(make_view().deal, tax_registration="DE 123.456.789")]
    for kept, kinds in (("de123456789", []), ("DE999", [Kind.CUSTOMER_DIFFERS]), ("", [Kind.CUSTOMER_DIFFERS])):
        linked = [replace(customer, tax_registration=kept)]
        found = compare_customer(make_customers(linked=linked, deals=deals))
        assert [one.kind for one in found] == kinds
        assert compare_customer(make_customers(linked=linked)) == []
    assert found[0].says["crm"] == "tax registration DE 123.456.789"
    assert found[0].says["erp"] == "tax registration none"


def test_the_same_drift_has_the_same_identity(make_view, rules):
    """Found again with other figures, it is the same drift."""
    first, second = make_view(), make_view()
    for view, paid in ((first, "500.00"), (second, "600.00")):
        view.invoices[0] = replace(view.invoices[0], paid=money(paid))
    ids = {compare_project(view, rules)[0].drift_id for view in (first, second)}
    assert ids == {"status_not_told:PRJ-D1"}
