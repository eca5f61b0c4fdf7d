"""What every platform adapter can do besides its port, and what adapters of one process share."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from tollway.quota import Quotas

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
    """What adapters of one process share: one login of an org used by two products, and the quotas of all accounts."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        """Without `quotas` this process counts by itself."""
        self.quotas = quotas or Quotas()
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
        await self.quotas.close()
