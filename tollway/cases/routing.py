"""Whose desk a case lands on: the category's rule, and the firm's own rules over it."""

from collections.abc import Sequence

import msgspec

from tollway.canonical.case import Category, OwnerRole, Severity
from tollway.canonical.money import Money
from tollway.case_settings import RoutingRule
from tollway.cases.matters import Matter
from tollway.cases.rules import RULES


class Route(msgspec.Struct, frozen=True):
    """Where a case goes."""

    role: OwnerRole
    severity: Severity
    hours: int
    """Working hours until it is due."""
    assignee: str = ""


def route(category: Category, matter: Matter, rules: Sequence[RoutingRule]) -> Route:
    """Where a case goes: what the first of the firm's rules that matches says, and for the rest its category."""
    usual = RULES[category]
    rule = next((rule for rule in rules if _matches(rule, category, matter)), RoutingRule())
    return Route(rule.role or usual.owner, rule.severity or usual.severity, rule.hours or usual.hours, rule.assignee)


def _matches(rule: RoutingRule, category: Category, matter: Matter) -> bool:
    return (
        rule.category in (None, category)
        and rule.legal_entity in ("", matter.legal_entity)
        and (rule.amount_from is None or _is_worth(matter.amount, rule))
    )


def _is_worth(amount: Money | None, rule: RoutingRule) -> bool:
    """Whether an amount is in the rule's currency and large enough; amounts in others are not compared."""
    least = rule.amount_from
    return amount is not None and least is not None and amount.currency == rule.currency and amount.amount >= least
