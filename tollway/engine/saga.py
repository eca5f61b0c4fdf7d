"""Sagas: what a process brought about, each part beside what undoes it.

A process that is given up is undone by a process of its own, whose steps are the undoing ones. Whether there is
anything to undo they find out themselves (`Effects.withdraw`): of a step that was running when the process was given up
nobody else could tell.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

A = TypeVar("A")


class Part(msgspec.Struct, Generic[A], frozen=True):
    """A step that outlasts its process, and the step that undoes it."""

    done_by: Callable[[A], Awaitable[Any]]
    undone_by: Callable[[A], Awaitable[None]]


class Saga(Generic[A]):
    """The parts of a process that can be undone, in the order in which it brings them about."""

    def __init__(self, *parts: Part[A]) -> None:
        self.parts = parts

    async def undo(self, argument: A) -> None:
        """Undo the last part first; one that cannot be undone parks the process before it goes further back."""
        for part in reversed(self.parts):
            await part.undone_by(argument)
