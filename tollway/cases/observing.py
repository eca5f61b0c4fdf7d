"""Telling others what is done to cases."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.case import Case

Observer = Callable[[AsyncConnection, Case, str], Awaitable[None]]
"""Is told of a case what was done to it (`opened`, `halted again`, `assigned`, `given back`, `escalated`,
`resolved`, `cancelled`), in the transaction that does it."""


async def tell(observers: Sequence[Observer], connection: AsyncConnection, case: Case, did: str) -> None:
    """Tell all who observe what was done to a case."""
    for observe in observers:
        await observe(connection, case, did)
