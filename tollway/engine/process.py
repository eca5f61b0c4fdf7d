"""What a durable process is, and what it does."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tollway.context import Priority


class Process(msgspec.Struct, frozen=True):
    """A durable process: a name that stays, and the function of verbs that it runs."""

    name: str
    run: Callable[[Any], Awaitable[Any]]
    """Takes the process's argument, a struct; raises a ProblemError to park."""
    subject: Callable[[Any], str]
    """The deal or project that an argument is about."""
    priority: Priority = Priority.NORMAL
    """Whose calls go first where a platform takes only so many."""
    once: bool = False
    """Whether it never begins anew under the same id, also when its history has been forgotten."""


class ProcessEvent(msgspec.Struct, frozen=True):
    """Something a process did, for whoever watches."""

    process: str
    process_id: str
    subject: str
    happened: str
    """`started`, `step`, `finished` or `parked`."""
    detail: str = ""
    """The step's name, or why the process is parked."""
    seconds: float = 0.0
