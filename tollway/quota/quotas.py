"""The quotas of the connections that a process uses, each made once."""

from typing import TYPE_CHECKING

from tollway.quota.quota import Quota
from tollway.quota.settings import QuotaSettings

if TYPE_CHECKING:  # Redis' library is loaded where there is one
    from tollway.limits.connection import SharedRates


class Quotas:
    """By the name of the connection, which is that of an account: all who use it share its quota."""

    def __init__(self, shared: "SharedRates | None" = None) -> None:
        """`shared` is where all workers count; without it this process counts by itself."""
        self._shared = shared
        self._made: dict[str, Quota] = {}

    def of(self, connection: str, platform: str, settings: QuotaSettings) -> Quota:
        """The quota of a connection to `platform`, which is what people are told of."""
        if connection not in self._made:
            self._made[connection] = self._make(connection, platform, settings)
        return self._made[connection]

    def describe(self) -> dict[str, str]:
        """How each connection stands that says so, in a few words."""
        return {name: told for name, quota in self._made.items() if (told := quota.describe())}

    async def close(self) -> None:
        """Stop counting."""
        for quota in self._made.values():
            await quota.close()

    def _make(self, connection: str, platform: str, settings: QuotaSettings) -> Quota:
        if self._shared is None:
            return Quota(connection, platform, settings)
        from tollway.quota.shared import SharedBook  # noqa: PLC0415 - see above

        return Quota(connection, platform, settings, SharedBook(connection, settings, self._shared))
