"""An API product as the pages tell of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tollway.limits.plans import Plan, caps_of, limits_of


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One major version of an API, with what a caller has to know beside its contract."""

    name: str
    prefix: str
    """The first two segments of its addresses, such as `/finance/v2`."""
    owner: str
    """Who answers for it."""
    document: Mapping[str, Any]
    """Its published contract."""
    deprecated_on: dt.date | None = None
    sunset_on: dt.date | None = None
    successor: str = ""
    limits: Mapping[str, str] = {}
    """What a plan grants, in words, by the plan's name."""
    changes: Sequence[str] = ()
    """What differs from the major version before this one."""

    @property
    def title(self) -> str:
        """Its name and version as people say them."""
        info = self.document["info"]
        return f"{info['title']} {info['version']}"

    @property
    def page(self) -> str:
        """The address of its reference."""
        return f"/docs{self.prefix}"

    @property
    def contract(self) -> str:
        """The address of its contract."""
        api, major = self.prefix.strip("/").split("/")
        return f"/openapi/{api}.{major}.json"

    def state(self, today: dt.date) -> str:
        """Where it is in its life: live, deprecated or gone."""
        if self.sunset_on is not None and today > self.sunset_on:
            return "gone"
        if self.deprecated_on is not None and today >= self.deprecated_on:
            return "deprecated"
        return "live"


def plan_words(plan: Plan) -> str:
    """What a plan grants, in words."""
    grants = [f"{limit.windows} per {' and '.join(limit.per)}" for limit in limits_of(plan.limits)]
    grants += [f"{cap.most} in flight per {' and '.join(cap.per)}" for cap in caps_of(plan.in_flight)]
    return f"{plan.about} {'; '.join(grants)}.".strip()
