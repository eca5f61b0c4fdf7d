"""JSON texts that every reader reads alike: UTF-8, each key once, no deeper than is told, and no NaN."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from tollway.contracts.schema import MOST_VIOLATIONS, pointer_to
from tollway.problem_document import Violation
from tollway.problems import Malformed


def decoded(text: bytes, most_depth: int) -> Any:
    """The value; raises Malformed for what is no JSON, nested deeper than `most_depth`, or names a key twice."""
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise _too_deep(most_depth) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    if text.count(b"{") + text.count(b"[") > most_depth and _is_deeper(value, most_depth):
        raise _too_deep(most_depth)
    # Of a key that is named twice msgspec keeps the last: what it writes again then lacks a colon. A colon that is
    # written as an escape is the one thing that could make up for it.
    if text.count(b":") != msgspec.json.encode(value).count(b":") or b"\\u003" in text:
        _check_keys(text, most_depth)
    return value


def _too_deep(most_depth: int) -> Malformed:
    return Malformed(f"The body is nested deeper than {most_depth} levels.")


def _is_deeper(value: Any, most_depth: int) -> bool:
    level = [value]
    for _ in range(most_depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


class _Members(list[tuple[str, Any]]):
    """An object as it is written, with keys that may repeat."""


def _check_keys(text: bytes, most_depth: int) -> None:
    try:
        # Numbers are left as text: Python would refuse or take long over those with very many digits.
        members = json.loads(text, object_pairs_hook=_Members, parse_int=str, parse_float=str)
        places = islice(_repeated(members), MOST_VIOLATIONS)
        found = [Violation(pointer=pointer_to(parts), message="the key is named twice") for parts in places]
    except RecursionError:  # below a key that is named again, where no reader would have come to
        raise _too_deep(most_depth) from None
    if found:
        raise Malformed("The body names a key twice in one object.", violations=found)


def _repeated(value: Any, parts: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where a key is named again, each place once."""
    if isinstance(value, _Members):
        yield from ((*parts, key) for key, count in Counter(key for key, _ in value).items() if count > 1)
        for key, inner in value:
            yield from _repeated(inner, (*parts, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _repeated(inner, (*parts, place))
