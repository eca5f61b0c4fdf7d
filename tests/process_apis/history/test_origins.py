"""Every field that is ever written to a platform says where it comes from."""

import ast
import enum
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tollway.canonical.money import Money
from tollway.cli.lineage import MAPPINGS
from tollway.lineage.resolving import expression

ROOT = Path(__file__).parents[3]


def fields_of(kind: Any, path: str = "") -> Iterator[str]:
    """The paths of all single values that a type can hold, with a `0` for a place in a list."""
    info = msgspec.inspect.type_info(kind) if isinstance(kind, type) else kind
    match info:
        case msgspec.inspect.Metadata(type=inner):
            yield from fields_of(inner, path)
        case msgspec.inspect.UnionType(types=types):
            (inner,) = [one for one in types if not isinstance(one, msgspec.inspect.NoneType)]
            yield from fields_of(inner, path)
        case msgspec.inspect.ListType(item_type=inner):
            yield from fields_of(inner, f"{path}/0")
        case msgspec.inspect.StructType(cls=cls, fields=fields) if cls is not Money:
            for field in fields:
                yield from fields_of(field.type, f"{path}/{field.encode_name}" if path else field.encode_name)
        case _:
            yield path


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda one: f"{one.effect}-{one.when[1] if one.when else 'all'}")
def test_every_rule_is_for_a_field_that_there_is(mapping):
    """A rule whose field was renamed or removed is found, and so is a second rule for a field."""
    fields = set(fields_of(mapping.writes))
    for rule in mapping.rules:
        fitting = [field for field in fields if expression(rule.field).fullmatch(field)]
        assert len(fitting) == 1, rule.field
    assert len({rule.field for rule in mapping.rules}) == len(mapping.rules)


PARTLY = {"deal-status", "deal-billing"}
"""Effects that write some fields of a struct each, and leave the others as they are; together they cover it."""


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda one: f"{one.effect}-{one.when[1] if one.when else 'all'}")
def test_every_field_has_a_rule(mapping):
    """A field that is added to what is written needs to say where it comes from, or that it is ours."""
    rules = [
        rule
        for other in MAPPINGS
        if other is mapping or (mapping.effect in PARTLY and other.effect in PARTLY)
        for rule in other.rules
    ]
    without = {
        field
        for field in fields_of(mapping.writes)
        if not any(expression(rule.field).fullmatch(field) for rule in rules)
    }
    assert without == set()
    for rule in mapping.rules:
        assert rule.sources or rule.how, f"{rule.field} has neither a source nor a reason for having none"


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda one: f"{one.effect}-{one.when[1] if one.when else 'all'}")
def test_the_function_that_makes_it_is_there(mapping):
    """The name under which a mapping is told of leads to the function."""
    module, _, name = mapping.made_by.partition(":")
    found = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found)


def test_every_kind_of_effect_has_a_mapping():
    """No process writes anything to a platform of which nobody says where it comes from."""
    kinds = set(effect_kinds())
    assert {"customer", "invoice", "deal-billing"} <= kinds
    assert kinds - {mapping.effect for mapping in MAPPINGS} == set()


def effect_kinds() -> Iterator[str]:
    """What the identities of effects begin with, as the sources of process APIs write them."""
    for path in ROOT.glob("process_apis/**/*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if "_effects" not in path.read_text("utf-8"):
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="apply" | "set", value=ast.Attribute(attr="_effects"))):
                    yield from kinds_in(node.args[0], tree)


def kinds_in(identity: ast.expr, tree: ast.AST) -> Iterator[str]:
    match identity:
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield re.split(":", text)[0]
        case ast.Call(args=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.Name(id=name):
            for node in ast.walk(tree):
                match node:
                    case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                        yield from kinds_in(value, tree)
        case _:
            raise AssertionError(f"line {identity.lineno}: an effect's identity that this test cannot read")


def test_enums_are_single_values():
    """The test itself goes down into structs and lists, and into nothing else."""

    class Colour(enum.Enum):
        RED = "red"

    class Inner(msgspec.Struct):
        colour: Colour
        prices: list[Money]

    class Outer(msgspec.Struct):
        inner: Inner | None
        names: list[str]

    assert sorted(fields_of(Outer)) == ["inner/colour", "inner/prices/0", "names/0"]
