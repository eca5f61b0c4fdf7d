"""Finds for a write, by what was declared, the records and values that each of its fields came from. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from tollway.canonical.contract import deal_of
from tollway.canonical.lineage import Origin, WrittenField
from tollway.canonical.money import Money
from tollway.lineage.declared import Rule, Source, Through

Before = Mapping[tuple[str, str], Sequence[WrittenField]]
"""The fields of objects of ours as they were last written, by type and id."""
_NONE = Rule("")
_MONEY = {"amount", "currency"}
_PROJECT = ("wanted/project_number", "invoice/project_number", "posted/project_number")


class Scope:
    """All that paths lead into."""

    def __init__(self, given: Mapping[str, Any], wanted: Any, result: Any) -> None:
        self._roots = {**given, "wanted": wanted, "result": result}
        self._roots["deal_id"] = self._deal()
        self._roots["account_id"] = self.text("contract/account/id") or self.text("wanted/account_id")

    def at(self, path: str, stars: Sequence[str] = ()) -> Any:
        """What is there; None when nothing is."""
        places = iter(stars)
        found: Any = self._roots
        for part in path.split("/") if path else ():
            found = _step_into(found, next(places, "") if part == "*" else part)
            if found is None:
                return None
        return found if path else None

    def text(self, path: str, stars: Sequence[str] = ()) -> str:
        """What is there, as it is shown; empty when nothing is."""
        return shown(self.at(path, stars))

    def _deal(self) -> str:
        for path in ("contract/deal_id", "statement/deal_id", "wanted/deal_id"):
            if found := self.text(path):
                return found
        numbers = (self.at(path) for path in _PROJECT)
        return next((deal_of(number) for number in numbers if isinstance(number, str) and deal_of(number)), "")


def written_fields(wanted: Any, rules: Sequence[Rule], scope: Scope, before: Before) -> list[WrittenField]:
    """Every field of what was written, with its origins; one that no rule is for has none."""
    fields = []
    for path, value in leaves(wanted):
        rule, stars = _rule_for(path, rules)
        origins = [origin for source in rule.sources for origin in _origins(source, scope, stars, before)]
        if not rule.how and len(origins) == 1:  # a copy holds what was written
            origins = [replace(origins[0], value=value)]
        fields.append(WrittenField(path=path, value=value, how=rule.how, origins=origins))
    return fields


def leaves(written: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The single values in a JSON document, amounts of money among them, with their paths."""
    if isinstance(written, dict) and written.keys() != _MONEY:
        for name, value in written.items():
            yield from leaves(value, f"{path}/{name}" if path else name)
    elif isinstance(written, list):
        for place, value in enumerate(written):
            yield from leaves(value, f"{path}/{place}" if path else str(place))
    else:
        yield path, shown(written)


def shown(value: Any) -> str:
    """A single value as people read it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case {"amount": amount, "currency": currency, **others} if not others:
            return f"{amount} {currency}"
        case Money(amount=amount, currency=currency):
            return f"{amount} {currency}"
        case dict() | list() | msgspec.Struct():
            return msgspec.json.encode(value).decode()
    return str(value)


def _rule_for(path: str, rules: Sequence[Rule]) -> tuple[Rule, tuple[str, ...]]:
    for rule in rules:
        if fits := expression(rule.field).fullmatch(path):
            return rule, fits.groups()
    return _NONE, ()


@lru_cache(maxsize=1024)
def expression(pattern: str) -> re.Pattern[str]:
    """What paths a pattern stands for."""
    return re.compile("/".join(r"(\d+)" if part == "*" else re.escape(part) for part in pattern.split("/")))


def _origins(source: Source, scope: Scope, stars: Sequence[str], before: Before) -> Iterator[Origin]:
    if source.through:
        yield from _carried(source.through, scope, stars, before)
        return
    items = scope.at(source.each) if source.each else [None]
    for place in range(len(items or ())):
        yield Origin(
            system=source.system,
            record=source.record,
            id=scope.text(source.id.replace("+", str(place)), stars),
            field=_placed(source.field, stars),
            value=scope.text(source.value.replace("+", str(place)), stars),
        )


def _placed(field: str, stars: Sequence[str]) -> str:
    places = iter(stars)
    return "/".join(next(places, part) if part == "*" else part for part in field.split("/"))


def _carried(through: Through, scope: Scope, stars: Sequence[str], before: Before) -> Iterator[Origin]:
    """The origins of the item's field in the object that carried it on."""
    number, key = scope.text(through.id, stars), scope.text(through.equals, stars)
    fields = {field.path: field for field in before.get((through.object_type, number), ())}
    keys = expression(f"{through.items}/*/{through.key}")
    for path, field in fields.items():
        if (fits := keys.fullmatch(path)) and field.value == key:
            carried = fields.get(f"{through.items}/{fits[1]}/{through.field}")
            for origin in carried.origins if carried else ():
                way = f"{through.object_type} {number} {carried.path}" if carried else ""
                yield replace(origin, through=way)


def _step_into(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list):
        return value[int(part)] if part.isdecimal() and int(part) < len(value) else None
    return getattr(value, part, None) if isinstance(value, msgspec.Struct) else None
