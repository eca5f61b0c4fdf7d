"""What every platform adapter can do besides its port, and what adapters of one process share."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T", bound="Connection")


class Connection(Protocol):
    """A connected platform account."""

    async def check(self) -> str:
        """Log in and ask for something small; answers what is there in a few words, raises a problem when it fails."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Shared:
    """Clients that several adapters of one process share, such as one login of an org used by two products."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """What was made under this key before, or is made now."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close all of them."""
        closing: list[Awaitable[None]] = [client.close() for client in self._made.values()]
        for awaitable in closing:
            await awaitable
