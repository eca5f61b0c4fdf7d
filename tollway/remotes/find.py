"""Reading back what may not be there."""

from typing import TypeVar

from tollway.http.services import ServiceClient
from tollway.problems import NotFound

T = TypeVar("T")


async def find(client: ServiceClient, path: str, kind: type[T], **query: str) -> T | None:
    """What is at `path`; None when the service says that there is no such thing, which a wrong address is not."""
    try:
        return await client.call("GET", path, kind, **query)
    except NotFound:
        return None
