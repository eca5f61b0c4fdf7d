"""Values in queries."""

import datetime as dt

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from system_apis.salesforce_platform.rows import Page, select
from system_apis.salesforce_platform.sandbox.soql import parse
from system_apis.salesforce_platform.soql import after, is_record_id, moment, quote, quote_all
from tollway.canonical.record import Cursor
from tollway.problems import Malformed

TEXTS = st.text() | st.text(alphabet="'\\\n\r\t\b\f\" %_()=;aO R") | st.just("' OR Name != '")


def condition(text: str):
    """A condition as the sandbox's parser reads it."""
    return parse(f"SELECT Id FROM Account WHERE {text}").where


@given(TEXTS)
def test_a_quoted_text_is_one_literal_with_exactly_that_value(text):
    """Whatever a text holds, the platform's parser reads it as one value and nothing of it as SOQL."""
    where = condition(f"Name = {quote(text)}")
    assert (where.operator, where.value.kind, where.value.value) == ("=", "string", text)


@given(st.lists(TEXTS, min_size=1))
def test_a_quoted_list_has_exactly_those_values(texts):
    """Every text of a list stays one value of IN."""
    where = condition(f"Name IN {quote_all(texts)}")
    assert [literal.value for literal in where.values] == texts


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_moment_is_a_datetime_literal_not_after_it(at):
    """A moment is cut to the milliseconds that the platform keeps, never rounded past it."""
    literal = condition(f"SystemModstamp > {moment(at)}").value
    lost = at.astimezone(dt.UTC) - dt.datetime.fromisoformat(literal.value)
    assert literal.kind == "datetime"
    assert dt.timedelta(0) <= lost < dt.timedelta(milliseconds=1)


@given(TEXTS)
def test_a_cursor_cannot_smuggle_soql(text):
    """A cursor comes from a caller, so an id that is none of the platform's is refused."""
    assume(not is_record_id(text))
    cursor = Cursor(moment=dt.datetime.now(dt.UTC), id=text)
    if text:
        with pytest.raises(Malformed):
            after(cursor)
    else:
        assert condition(after(cursor)).operator == ">="


def test_a_cursor_continues_after_its_id():
    """Of records that changed at the cursor's moment, those after its id are still to be seen."""
    later, same_moment = condition(after(Cursor(moment=dt.datetime.now(dt.UTC), id="006ak0000000001AAA"))).parts
    assert later.operator == ">"
    assert same_moment.parts[1].value.value == "006ak0000000001AAA"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("006ak0000000001AAA", True),
        ("006ak0000000001", True),
        ("006ak000000000'", False),
        ("", False),
        ("x" * 16, False),
    ],
)
def test_the_shape_of_record_ids(text, expected):
    """A record id has 15 or 18 letters and digits."""
    assert is_record_id(text) is expected


class _Parent(msgspec.Struct):
    Name: str


class _Child(msgspec.Struct):
    Id: str
    Owner: _Parent | None


class _Root(msgspec.Struct):
    Id: str
    Parent: _Parent | None
    Children: Page[_Child] | None


def test_a_query_asks_for_the_fields_of_its_struct():
    """Parents become paths and children become queries in parentheses, with their own clauses."""
    assert select(_Root, "Account", {"Children": "ORDER BY Id"}) == (
        "SELECT Id, Parent.Name, (SELECT Id, Owner.Name FROM Children ORDER BY Id) FROM Account"
    )
