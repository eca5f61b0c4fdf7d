"""How Tryton's JSON-RPC writes the values that JSON has no notation for."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def encode(document: Any) -> bytes:
    """A document as JSON, with `{"__class__": …}` objects in place of decimals, dates, durations and bytes."""
    return json.dumps(document, default=_tagged, separators=(",", ":")).encode()


def decode(content: bytes) -> Any:
    """The document that `encode`, or Tryton, wrote; raises ValueError when it is none."""
    try:
        return json.loads(content, object_hook=_untagged)
    except (ArithmeticError, KeyError, TypeError) as error:
        raise ValueError(f"a tagged value cannot be read: {error!r}") from error


def _tagged(value: Any) -> Any:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case dt.datetime():  # before date, which it is a kind of
            return {"__class__": "datetime"} | _parts(value, "year month day hour minute second microsecond")
        case dt.date():
            return {"__class__": "date"} | _parts(value, "year month day")
        case dt.time():
            return {"__class__": "time"} | _parts(value, "hour minute second microsecond")
        case dt.timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
        case bytes():
            return {"__class__": "bytes", "base64": base64.b64encode(value).decode()}
    raise TypeError(f"Tryton takes no {type(value).__name__}")


def _untagged(found: dict[str, Any]) -> Any:
    kind = _KINDS.get(found.get("__class__", ""))
    return found if kind is None else kind({key: value for key, value in found.items() if key != "__class__"})


def _parts(value: Any, names: str) -> dict[str, int]:
    return {name: getattr(value, name) for name in names.split()}


_KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Decimal": lambda parts: Decimal(parts["decimal"]),
    "datetime": lambda parts: dt.datetime(**parts),  # noqa: DTZ001 - Tryton means UTC and says so nowhere
    "date": lambda parts: dt.date(**parts),
    "time": lambda parts: dt.time(**parts),
    "timedelta": lambda parts: dt.timedelta(**parts),
    "bytes": lambda parts: base64.b64decode(parts["base64"]),
}
