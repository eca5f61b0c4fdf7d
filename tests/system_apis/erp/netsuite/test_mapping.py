"""What is ours becomes NetSuite's and back, exactly as the golden pairs say."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_apis.erp.netsuite import invoice_mapping, mapping, models, rows
from system_apis.erp.netsuite.external_ids import external_id, last_part
from system_apis.erp.netsuite.suiteql import bare, literal, starting_with, without_punctuation
from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import Invoice, InvoiceDetails
from tollway.canonical.project import ProjectDetails

GOLDEN = Path(__file__).parent / "golden"
_encoder = msgspec.json.Encoder(decimal_format="number")
NUMBER = "PRJ-0065g00000Deal"

WRITES: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "customer": (
        CustomerDetails,
        lambda given: mapping.customer_body(given, subsidiary="3", currency="2", terms="2", tax_code="2", parent="41"),
    ),
    "exempt_customer": (
        CustomerDetails,
        lambda given: mapping.customer_body(given, subsidiary="2", currency="1", terms="1", tax_code="1", parent=""),
    ),
    "project": (ProjectDetails, lambda given: mapping.job_body(given, subsidiary="3", currency="2")),
    "billing_plan": (BillingPlan, lambda given: mapping.plan_bodies(given, "2")),
    "revenue_schedule": (RevenueSchedule, lambda given: mapping.revenue_bodies(given, "2")),
    "invoice": (
        InvoiceDetails,
        lambda given: invoice_mapping.invoice_body(
            given,
            subsidiary="3",
            currency="2",
            terms="2",
            items={"time": "1", "milestone": "2"},
            department="2",
            class_="2",
            pending=True,
        ),
    ),
    "credit_memo": (
        Invoice,
        lambda given: invoice_mapping.credit_memo_body(f"{NUMBER}-001-CREDIT", given, "Another purchase order."),
    ),
}


def _shown(given: models.ShownInvoice) -> Invoice:
    return invoice_mapping.invoice(given, "UK", "GBP", Decimal(0))


READS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "shown_customer": (rows.CustomerRow, lambda given: mapping.customer(given, "UK")),
    "customer_on_hold": (rows.CustomerRow, lambda given: mapping.customer(given, "UK")),
    "customer_over_limit": (rows.CustomerRow, lambda given: mapping.customer(given, "US")),
    "customer_never_held": (rows.CustomerRow, lambda given: mapping.customer(given, "US")),
    "shown_project": (rows.JobRow, lambda given: mapping.project(given, NUMBER, "UK", "1")),
    "shown_plan": (list[rows.PlanRow], lambda given: mapping.billing_plan(given, NUMBER, "UK")),
    "shown_schedule": (list[rows.PlanRow], lambda given: mapping.revenue_schedule(given, NUMBER, "UK")),
    "shown_invoice": (models.ShownInvoice, _shown),
    "pending_invoice": (models.ShownInvoice, _shown),
    "voided_invoice": (models.ShownInvoice, _shown),
    "listed_invoice": (rows.InvoiceRow, lambda given: _listed(given, "0")),
    "listed_paid_invoice": (rows.InvoiceRow, lambda given: _listed(given, "0")),
    "listed_credited_invoice": (rows.InvoiceRow, lambda given: _listed(given, "119")),
    "credit_note": (
        models.ShownCreditMemo,
        lambda given: invoice_mapping.credit_note(given, f"{NUMBER}-001", "UK", "GBP"),
    ),
}


def _listed(given: rows.InvoiceRow, credited: str) -> Invoice:
    return invoice_mapping.listed_invoice(given, "DE", NUMBER, Decimal(credited))


def _document(name: str, side: str) -> Any:
    return msgspec.json.decode((GOLDEN / f"{name}.{side}.json").read_bytes())


@pytest.mark.parametrize("name", WRITES)
def test_what_is_ours_becomes_what_netsuite_takes(name: str) -> None:
    """The body sent for a canonical object is the golden one, to the last property."""
    kind, convert = WRITES[name]
    given = msgspec.convert(_document(name, "canonical"), kind, strict=False)
    assert msgspec.json.decode(_encoder.encode(convert(given))) == _document(name, "netsuite")


@pytest.mark.parametrize("name", READS)
def test_what_netsuite_shows_becomes_ours(name: str) -> None:
    """The canonical object read from an answer is the golden one, to the last field."""
    kind, convert = READS[name]
    given = msgspec.convert(_document(name, "netsuite"), kind, strict=False)
    assert msgspec.json.decode(msgspec.json.encode(convert(given))) == _document(name, "canonical")


def test_every_golden_file_is_used() -> None:
    """No golden file lies about that no test reads."""
    expected = {f"{name}.{side}.json" for name in WRITES | READS for side in ("canonical", "netsuite")}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_amounts_reach_netsuite_as_they_are() -> None:
    """A decimal is written as a JSON number with every digit it has, and never as a float."""
    body = models.RevenueBody(
        name="x",
        custrecord_tollway_rs_job=models.Ref(id="1"),
        custrecord_tollway_rs_period=dt.date(2026, 1, 1),
        custrecord_tollway_rs_amount=Decimal("12345678901234.10"),
        custrecord_tollway_rs_currency=models.Ref(id="1"),
    )
    assert b'"custrecord_tollway_rs_amount":12345678901234.10,' in _encoder.encode(body)


@given(st.text())
def test_a_literal_can_never_be_left(text: str) -> None:
    """Between its outer quotes, a literal holds quotes in pairs only, whatever the text."""
    written = literal(text)
    assert written[0] == written[-1] == "'"
    assert "'" not in written[1:-1].replace("''", "")
    assert written[1:-1].replace("''", "'") == text.replace("\0", "")


@given(st.text())
def test_a_like_pattern_has_one_wildcard_at_its_end(text: str) -> None:
    """What a pattern begins with is taken literally, its own wildcards included."""
    pattern = starting_with(text).removesuffix(" ESCAPE '\\'")[1:-1].replace("''", "'")
    body = pattern.removesuffix("%").replace("\\\\", "").replace("\\%", "").replace("\\_", "")
    assert pattern.endswith("%")
    assert not {"%", "_", "\\"} & set(body)


def test_columns_and_values_are_stripped_alike() -> None:
    """The expression for a column takes off exactly what is taken off the value it is compared with."""
    expression = bare("c.x")
    assert expression.startswith("UPPER(REPLACE(")
    assert all(literal(mark) in expression for mark in " .-,/'")
    assert without_punctuation("gb 12.3-4,5/6'") == "GB123456"


@given(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:\-]{0,60}\Z"))
def test_an_external_id_keeps_every_part(part: str) -> None:
    """External ids hold only what NetSuite takes, and the last part can be read back from them."""
    written = external_id(NUMBER, "BP", part)
    assert set(written) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert last_part(written, NUMBER, "BP") == part
