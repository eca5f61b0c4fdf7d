"""What the contracts say of a value is what msgspec enforces, tried at and beyond every bound."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tollway.canonical.money import Money, Quantity
from tollway.canonical.record import Changes, Identifier
from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.problem_document import Problem

BOUNDED = settings(
    max_examples=20, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
MOMENTS = ["2026-11-21T07:00:00Z", "2026-02-28T23:59:59.123456+05:30"]
NOT_MOMENTS = ["2026-11-21T07:00:00", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z", "now", ""]
NOT_DATES = ["2026-02-30", "2026-1-1", "20260101", "2026-01-01T00:00:00Z", "", "2026-01-01\n"]
NOT_DECIMALS = ["1" * 16, "0." + "1" * 11, "NaN", "Infinity", "-Infinity", "1e5", "x", "", "1.2.3", "0x1"]


def _structs() -> dict[str, type]:
    """Every struct that a contract publishes, by the name of its schema."""
    kinds: list[Any] = [Problem]
    for entry in SERVICES.values():
        for handler in entry.handlers:
            signature = handler.fn.__annotations__
            kinds += [signature[name] for name in ("data", "return") if name in signature]
    found: dict[str, type] = {}
    queue = list(msgspec.inspect.multi_type_info([kind for kind in kinds if kind is not None]))
    while queue:
        info = queue.pop()
        if isinstance(info, msgspec.inspect.StructType) and found.setdefault(info.cls.__name__, info.cls) is info.cls:
            queue += [field.type for field in info.fields if field.type is not info]
        queue += [info.item_type] if isinstance(info, msgspec.inspect.ListType) else []
        queue += list(info.types) if isinstance(info, msgspec.inspect.UnionType) else []
        queue += [info.type] if isinstance(info, msgspec.inspect.Metadata) else []
    return found


STRUCTS = _structs()
SCHEMAS: dict[str, Any] = {}
for name_, entry_ in SERVICES.items():
    document = msgspec.yaml.decode((CONTRACTS / entry_.contract(name_)).read_text("utf-8"))
    SCHEMAS |= {name: schema for name, schema in document["components"]["schemas"].items() if name in STRUCTS}
    ENUMS = document["components"]["schemas"]
    SCHEMAS |= {name: schema for name, schema in ENUMS.items() if "enum" in schema}


def _validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": {"schemas": SCHEMAS}}
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, pattern_options=options)


def _good(schema: dict[str, Any]) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each kind of schema
    """Values that keep to a schema, many of them at its bounds."""
    if "$ref" in schema:
        return st.deferred(lambda: _good(SCHEMAS[schema["$ref"].rpartition("/")[2]]))
    if "anyOf" in schema:
        return st.one_of([_good(branch) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "string":
        return _good_text(schema)
    if kind == "integer":
        return st.sampled_from([schema["minimum"], schema["maximum"]]) | st.integers(
            schema["minimum"], schema["maximum"]
        )
    if kind == "array":
        return st.lists(_good(schema["items"]), max_size=2)
    if kind == "object":
        return _good_object(schema)
    return {"null": st.none(), "boolean": st.booleans(), "number": st.floats(0, 1e6)}[kind]


def _good_text(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.sampled_from(MOMENTS)
    if schema.get("format") == "date":
        return st.dates().map(str)
    if schema.get("format") == "decimal":
        return st.sampled_from(["0", "-0.00", "9" * 15 + "." + "9" * 10, "-" + "9" * 15, "1.5"])
    if "ISO 4217" in schema.get("description", ""):
        return st.sampled_from(["EUR", "JPY", "KWD"])
    shortest, longest = schema.get("minLength", 0), schema["maxLength"]
    if "pattern" in schema:
        letters = st.sampled_from([shortest, longest]).map(lambda size: "A" * size)
        return letters | st.from_regex(schema["pattern"].replace("$", r"\Z")).filter(lambda text: len(text) <= longest)
    return st.sampled_from(["ä" * shortest, "🙂" * min(longest, 1000)]) | st.text(min_size=shortest, max_size=20)


def _good_object(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        return st.dictionaries(st.text(max_size=5), _good(schema["additionalProperties"]), max_size=2)
    fields, required = schema["properties"], set(schema.get("required", ()))
    optional = {name: _good(field) for name, field in fields.items() if name not in required}
    return st.fixed_dictionaries({name: _good(fields[name]) for name in fields if name in required}, optional=optional)


def _beyond(schema: dict[str, Any]) -> list[Any]:
    """Values just beyond every bound of a schema, and of other types."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        branches = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
        return [value for branch in branches for value in _beyond(branch) if value is not None]
    if "enum" in schema:
        return [*(f"{value}x" for value in schema["enum"]), schema["enum"][0].upper(), "", 1, None]
    if schema.get("type") == "integer":
        return [schema["minimum"] - 1, schema["maximum"] + 1, 10**30, "1", 1.5, None, True, [], {}]
    if schema.get("type") == "string":
        numbers = [] if schema.get("format") == "decimal" else [2, 1.5]  # those are read as well, see below
        return [*_beyond_text(schema), *numbers, None, True, [], {}]
    if schema.get("type") == "array":
        return [[None], ["\n"], {}, "text", 1, None]
    return [{"unknown": 1}, {1: 2}, [], "text", 1, None]


def _beyond_text(schema: dict[str, Any]) -> list[str]:
    by_format = {"date-time": NOT_MOMENTS, "date": NOT_DATES, "decimal": NOT_DECIMALS}
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    if "ISO 4217" in schema.get("description", ""):  # which codes there are is for ISO to say, not for a contract
        return ["EU", "EURO", "eur", "EUR\n", " EUR", ""]
    tried = ["A" * schema["maxLength"], "A" * (schema["maxLength"] + 1), "A" * max(0, schema.get("minLength", 0) - 1)]
    if "pattern" in schema:
        tried += ["AAA\n", "\nAAA", " AAA", "AÄA", "-AAA", "aaa", "AA A", "/", "A" * schema["maxLength"] + "\n"]
    return tried


class _Other(msgspec.Struct, tag_field="type", tag="no event of ours"):
    """Beside a struct with a tag: only in a union does msgspec ask for the tag, and those are published in unions."""


def _is_taken(value: Any, kind: Any) -> bool:
    tagged = kind.__struct_config__.tag if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=kind | _Other if tagged else kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", STRUCTS)
def test_what_a_contract_allows_msgspec_takes(name):
    """Every value that keeps to a published schema, at its bounds too, is taken."""

    is_valid = _validator(SCHEMAS[name]).is_valid

    @BOUNDED
    @given(_good(SCHEMAS[name]))
    def run(value: Any) -> None:
        assert is_valid(value)
        assert _is_taken(value, STRUCTS[name])

    run()


@pytest.mark.parametrize("name", [name for name in STRUCTS if SCHEMAS[name].get("properties")])
def test_beyond_each_bound_contract_and_msgspec_agree(name):
    """One field put beyond its bound, left out or added is refused by both or taken by both."""
    schema, kind = SCHEMAS[name], STRUCTS[name]
    is_valid = _validator(schema).is_valid
    refused = 0

    @settings(BOUNDED, max_examples=1)
    @given(_good(schema))
    def run(good: dict[str, Any]) -> None:
        nonlocal refused
        tried = [{key: value for key, value in good.items() if key != left} for left in good]
        tried += [good | {field: value} for field, inner in schema["properties"].items() for value in _beyond(inner)]
        for value in [*tried, good | {"unknown": 1}, [], None, "text"]:
            if not isinstance(value, dict) or all(isinstance(key, str) for key in value):
                plain = msgspec.json.decode(msgspec.json.encode(value))
                assert is_valid(plain) == _is_taken(plain, kind), {key: str(plain[key])[:80] for key in plain}
                refused += not is_valid(plain)

    run()
    assert refused > len(schema["properties"])


@pytest.mark.parametrize("size", [100_000, 100_001])
def test_lists_are_bounded_as_the_contract_says(size):
    """A list of as many items as the contract allows is taken, and one more is refused."""
    change = {"id": "A", "at": MOMENTS[0]}
    value = {"items": [change] * size, "cursor": {"moment": MOMENTS[0]}}
    assert _is_taken(value, Changes) == _validator(SCHEMAS["Changes"]).is_valid(value) == (size == 100_000)


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.sampled_from(["+1", "1_0", ".5", "1.", " 1", "-0", 2, -7]))
@BOUNDED
def test_however_an_amount_is_spelt_it_is_written_as_the_contract_says(amount: Decimal | str | int):
    """What reads as an amount, also in a spelling that the contract does not have, is written in the contract's."""
    try:
        money = msgspec.convert({"amount": amount, "currency": "EUR"}, Money)
    except msgspec.ValidationError:
        return
    assert _validator(SCHEMAS["Money"]).is_valid(msgspec.json.decode(msgspec.json.encode(money)))


@given(st.from_regex(r"^-?[0-9]{1,15}(\.[0-9]{1,10})?\Z").filter(str.isascii))
@BOUNDED
def test_every_spelling_of_the_contract_is_read_exactly(text: str):
    """An amount as the contract spells it is read to the last digit, and written with as many decimals."""
    read = msgspec.convert(text, Quantity)
    assert read == Decimal(text)
    assert Decimal(msgspec.to_builtins(read)).as_tuple() == Decimal(text).as_tuple()


def test_a_line_break_after_an_identifier_is_refused():
    """The one place where the end of Python's expressions differs from JSON Schema's is closed."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("A-1\n", Identifier)
