"""Limit strings, plans, whom they count, and what is promised of them."""

import itertools
import re
from pathlib import Path

import msgspec
import pytest

from policies.base import Caller
from tollway.limits.blocks import bounds
from tollway.limits.notation import Window, parse
from tollway.limits.plans import Limit, Plan, Plans, caps_of, limits_of
from tollway.limits.subjects import subject, told_apart
from tollway.settings import RedisSettings

DOCUMENT = Path(__file__).parents[2] / "docs" / "limits.md"


class Operation(msgspec.Struct, frozen=True):
    """An operation of a contract."""

    id: str


class Request(msgspec.Struct):
    """A request, as far as it says who asks for what."""

    caller: Caller | None = None
    address: str = "192.0.2.1"
    operation: Operation = Operation("getOrder")


def test_windows_are_read_as_they_are_written() -> None:
    """Every notation of the limits library is read in its order; of two windows of one length the smaller holds."""
    assert parse("100/minute;10 per 5 seconds, 9000/month") == (
        Window("minute", 100, 60, 60),
        Window("5-second", 10, 5, 1),
        Window("month", 9000, 2592000, 2592000),
    )
    assert [window.amount for window in parse("100/minute;70/60 seconds;80/minute")] == [70]


def test_limits_and_caps_are_written_in_several_ways() -> None:
    """A string, a list, and a table mean the same where they say the same."""
    assert limits_of("5/minute") == limits_of(("5/minute",)) == limits_of((Limit(windows="5/minute"),))
    assert caps_of(5) == caps_of((5,))
    assert caps_of(0) == ()


def test_a_plan_counts_somebody() -> None:
    """A limit of everybody together belongs to a product, not to a plan that several clients have."""
    with pytest.raises(msgspec.ValidationError, match="per client, user or customer"):
        msgspec.convert({"limits": [{"windows": "5/minute", "per": ["operation"]}]}, Plan)
    with pytest.raises(msgspec.ValidationError, match="per client, user or customer"):
        msgspec.convert({"in_flight": [{"most": 5, "per": ["operation"]}]}, Plan)


def test_a_client_that_is_not_named_has_the_default_plan() -> None:
    """The table of clients decides, then the default, then there is none."""
    plans = Plans(plans={"small": Plan(), "large": Plan()}, default_plan="small", clients={"mill": "large"})
    assert [plans.of(client) for client in ("mill", "shop", "")] == ["large", "small", "small"]
    assert Plans().of("shop") == ""


def test_no_name_can_be_taken_for_another() -> None:
    """Whatever clients, users, issuers and addresses are called, who is not the same is counted apart."""
    names = ("a", "b", "a/b", "a@b", "@a", "a,b", "a%40b", "a:b", "")
    everybody = [
        *(Request(Caller(client, user, frozenset(), 0, issuer=issuer))
          for client, user, issuer in itertools.product(names, names, names)),
        *(Request(None, address) for address in names),
    ]  # fmt: skip
    for per in (("client", "user"), ("user", "operation", "client")):
        assert len({subject(per, request) for request in everybody}) == len(everybody)
        assert len({told_apart(per)(request) for request in everybody}) == len(everybody)


@pytest.mark.parametrize("per", [("client",), ("user",), ("customer",), ("client", "operation"), ("user", "customer")])
def test_what_one_key_tells_apart_the_other_does(per) -> None:
    """This process never takes for one whom Redis counts apart."""
    everybody = [
        Request(Caller(client, user, frozenset(), 0, issuer, customers=customers), operation=operation)
        for client, user, issuer, customers, operation in itertools.product(
            "ab",
            "xy",
            ("https://one", "https://two"),
            (None, frozenset(), frozenset(("C1",)), frozenset(("C1", "C2"))),
            (Operation("getOrder"), Operation("listOrders")),
        )
    ]
    key = told_apart(per)
    seen: dict[object, str] = {}
    for request in everybody:
        assert seen.setdefault(key(request), subject(per, request)) == subject(per, request)


def test_the_published_bounds_are_those_of_the_code() -> None:
    """The table of what leased limits admit is what the code computes with the settings' default."""
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)
    assert len(rows) >= 3
    for amount, gateways, least, most in (map(int, row) for row in rows):
        promised = bounds(amount, gateways, RedisSettings().lease)
        assert (promised.least, promised.most) == (least, most)
