"""How the engine keeps inputs, results and errors: JSON with the names of our own structs, never pickle."""

import datetime as dt
import importlib
from decimal import Decimal
from typing import Any

import msgspec
from dbos import Serializer

from tollway.problem_document import Problem
from tollway.problems import ProblemError, raised_by

TRUSTED = ("tollway.", "process_apis.")
"""Packages whose structs may be named in what is read back."""


class RecordedError(Exception):
    """An error that was recorded by a step and is none of our own."""


class JsonSerializer(Serializer):
    """Structs, problems and plain data as tagged JSON."""

    def serialize(self, data: Any) -> str:
        """The text that is kept."""
        return msgspec.json.encode(_encode(data)).decode()

    def deserialize(self, serialized_data: str) -> Any:
        """What `serialize` was given; raises ValueError for a type that is not ours."""
        return _decode(msgspec.json.decode(serialized_data))

    def name(self) -> str:
        """The format's name, recorded beside the data."""
        return "tollway_json"


def _encode(value: Any) -> Any:  # noqa: C901, PLR0911 - one line per kind of value
    match value:
        case None | bool() | int() | float() | str():
            return value
        case msgspec.Struct():
            name = f"{type(value).__module__}:{type(value).__qualname__}"
            return {"$": name, "value": msgspec.to_builtins(value)}
        case ProblemError():
            return {"$": "problem", "value": msgspec.to_builtins(value.problem())}
        case BaseException():
            return {"$": "error", "value": [type(value).__name__, str(value)]}
        case tuple():
            return {"$": "tuple", "value": [_encode(item) for item in value]}
        case list():
            return [_encode(item) for item in value]
        case dict():
            return {"$": "dict", "value": [[_encode(key), _encode(item)] for key, item in value.items()]}
        case Decimal():
            return {"$": "decimal", "value": str(value)}
        case dt.datetime():
            return {"$": "datetime", "value": value.isoformat()}
        case dt.date():
            return {"$": "date", "value": value.isoformat()}
    raise TypeError(f"The engine cannot keep a {type(value).__name__}.")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind, inner = value["$"], value["value"]
    if ":" in kind:
        return msgspec.convert(inner, _struct(kind))
    return _PLAIN[kind](inner)


def _error(recorded: list[str]) -> Exception:
    name, message = recorded
    return RecordedError(f"{name}: {message}")


_PLAIN: dict[str, Any] = {
    "problem": lambda inner: raised_by(msgspec.convert(inner, Problem)),
    "error": _error,
    "tuple": lambda inner: tuple(_decode(item) for item in inner),
    "dict": lambda inner: {_decode(key): _decode(item) for key, item in inner},
    "decimal": Decimal,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
}


def _struct(name: str) -> type[msgspec.Struct]:
    module, _, qualname = name.partition(":")
    if not module.startswith(TRUSTED):
        raise ValueError(f"The engine reads back no {name}.")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    if not (isinstance(found, type) and issubclass(found, msgspec.Struct)):
        raise ValueError(f"{name} is no struct.")  # noqa: TRY004 - the data is wrong, not the caller
    return found
