"""Which step is being taken, and what it was given: what its effects are made of."""

import contextvars
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import msgspec


class Taken(msgspec.Struct, frozen=True):
    """A step with its arguments by name."""

    step: str = ""
    given: Mapping[str, Any] = {}


_taken: contextvars.ContextVar[Taken] = contextvars.ContextVar("step_taken")


@contextmanager
def taking(step: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> Iterator[None]:
    """Have effects know, until the block ends, that this function is the step and was given these arguments."""
    given = dict(zip(_parameters(step), arguments, strict=False)) | dict(named)
    token = _taken.set(Taken(step.__name__, given))
    try:
        yield
    finally:
        _taken.reset(token)


def taken() -> Taken:
    """The step that is being taken; one without a name outside of any."""
    return _taken.get(Taken())


@lru_cache(maxsize=256)
def _parameters(step: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(step).parameters)
