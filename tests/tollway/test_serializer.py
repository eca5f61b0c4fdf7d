"""What the engine keeps comes back as it was."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollway.canonical.money import Money
from tollway.canonical.record import Change
from tollway.engine.serializer import JsonSerializer, RecordedError
from tollway.problem_document import Problem, Violation
from tollway.problems import KINDS, ProblemError, Rejected, raised_by

serializer = JsonSerializer()
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.builds(Money, amount=AMOUNTS, currency=st.sampled_from(["USD", "GBP"]))
    | st.builds(Change, id=st.just("C-1"), at=st.datetimes(timezones=st.just(dt.UTC)))
)
KEPT = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(-9, 9), inner),
    max_leaves=8,
)


@given(KEPT)
def test_whatever_is_kept_comes_back(value):
    """Structs, decimals, dates, tuples and dictionaries with any keys come back equal and of the same types."""
    back = serializer.deserialize(serializer.serialize(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_problem_comes_back(kind):
    """A refusal that a step recorded is the same refusal in the next replay."""
    violations = [Violation(pointer="/lines", message="None.")]
    error = kind("Said.", violations=violations, category="credit_hold", retry_after=2.5, case_id="CASE-1")
    back = serializer.deserialize(serializer.serialize(error))
    assert type(back) is kind
    assert back.problem() == error.problem()


def test_a_foreign_error_comes_back_by_name():
    """An error that is none of ours is kept by its name and words, never by its code."""
    back = serializer.deserialize(serializer.serialize(KeyError("missing")))
    assert isinstance(back, RecordedError)
    assert "KeyError" in str(back)


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen", "tollway.engine.engine:Engine", "tollwayevil:X"])
def test_only_our_own_structs_are_read_back(name):
    """Data that names anything else is refused instead of imported."""
    with pytest.raises(ValueError, match="no"):
        serializer.deserialize(f'{{"$": "{name}", "value": {{}}}}')


def test_what_cannot_be_kept_is_said():
    """An object without a form in JSON is refused when it is kept, not when it is read."""
    with pytest.raises(TypeError, match="cannot keep a set"):
        serializer.serialize({1, 2})


def test_decimals_keep_their_places():
    """An amount comes back with the places it was written with."""
    assert str(serializer.deserialize(serializer.serialize(Decimal("10.50")))) == "10.50"


def test_a_problem_of_an_unknown_kind_is_a_plain_one():
    """A document from a newer service still becomes an error that can be answered."""
    back = raised_by(Problem(type="urn:tollway:problem:of-tomorrow", title="New", status=499, detail="Said."))
    assert type(back) is ProblemError
    assert not isinstance(back, Rejected)
