"""Plans: named sets of limits, and which client has which."""

from collections.abc import Collection
from typing import Annotated, Literal

import msgspec

from tollway.limits.notation import Window, parse
from tollway.strict import Strict

Part = Literal["client", "user", "operation", "customer"]
"""What is told apart: the OAuth client; the person or program that a token of it stands for; the operation of the
contract; the customers that a token is bound to, and the client where it is bound to none. Without a token the network
address stands for all of them but the operation."""
Per = Annotated[tuple[Part, ...], msgspec.Meta(min_length=1)]
_CLIENT: Per = ("client",)


class Limit(Strict):
    """How many requests each of whoever is told apart may make."""

    windows: str
    """The windows, in the notation of the limits library: `"10/second;600/minute"`. As in slowapi they are asked in
    the order in which they are written, and a request that one refuses has used up those before it."""
    per: Per = _CLIENT
    operations: tuple[str, ...] = ()
    """The operations, by their id in the contract, that are counted, together; empty counts all."""

    def __post_init__(self) -> None:
        self.parsed()

    def parsed(self) -> tuple[Window, ...]:
        """The windows; raises ValueError when the notation names none."""
        return parse(self.windows)

    @property
    def scope(self) -> str:
        """What it counts by, in its part of a key."""
        return _scope(self.per, self.operations)


class Cap(Strict):
    """How many requests each of whoever is told apart may have in flight at a time."""

    most: Annotated[int, msgspec.Meta(ge=1)]
    per: Per = _CLIENT
    operations: tuple[str, ...] = ()
    """The operations, by their id in the contract, that are counted, together; empty counts all."""

    @property
    def scope(self) -> str:
        """What it counts by, in its part of a key."""
        return _scope(self.per, self.operations)


Limits = str | tuple[str | Limit, ...]
"""One limit or several; a string is the windows of a limit per client."""
Caps = int | tuple[int | Cap, ...]
"""One cap or several; a number is a cap per client, and 0 none."""


class Plan(Strict):
    """A named set of limits, in each API product by itself."""

    about: str = ""
    """Whom the plan is for, as the catalog tells it."""
    limits: Limits = ()
    in_flight: Caps = ()

    def __post_init__(self) -> None:
        for per in (*(each.per for each in limits_of(self.limits)), *(each.per for each in caps_of(self.in_flight))):
            if set(per) == {"operation"}:
                raise ValueError("a plan's limit is per client, user or customer; the policy has those of everybody")


class Plans(Strict):
    """The plans there are, and the clients that have them."""

    plans: dict[str, Plan] = {}
    default_plan: str = ""
    """The plan of clients that `clients` does not name and of callers without a token; empty for none."""
    clients: dict[str, str] = {}
    """The names of the clients' plans, by client id."""

    def of(self, client: str) -> str:
        """The name of a client's plan; empty when it has none."""
        return self.clients.get(client, self.default_plan)


def limits_of(written: Limits) -> tuple[Limit, ...]:
    """Limits however they are written; raises ValueError."""
    several: Collection[str | Limit] = (written,) if isinstance(written, str) else written
    return tuple(Limit(windows=limit) if isinstance(limit, str) else limit for limit in several)


def caps_of(written: Caps) -> tuple[Cap, ...]:
    """Caps however they are written; raises ValueError."""
    several: Collection[int | Cap] = ((written,) if written else ()) if isinstance(written, int) else written
    caps = tuple(Cap(most=cap) if isinstance(cap, int) else cap for cap in several)
    if any(cap.most < 1 for cap in caps):
        raise ValueError("a cap below 1 would admit nothing")
    return caps


def _scope(per: tuple[Part, ...], operations: tuple[str, ...]) -> str:
    by = "+".join(sorted(set(per)))
    return f"{by}={'+'.join(sorted(set(operations)))}" if operations else by
