"""Whom a limit counts: the part of a request by which callers are told apart."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote

from tollway.http.addresses import holder_of
from tollway.limits.plans import Cap, Limit, Part, Plans

R = TypeVar("R", bound=Limit | Cap)


class Known(Protocol):
    """What a token says of its bearer."""

    @property
    def client(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def issuer(self) -> str: ...
    @property
    def customers(self) -> frozenset[str] | None: ...
    @property
    def counted_as(self) -> str: ...


class HasId(Protocol):
    """An operation of a contract."""

    @property
    def id(self) -> str: ...


class Asking(Protocol):
    """A request, as far as it says who asks for what."""

    @property
    def caller(self) -> Known | None: ...
    @property
    def address(self) -> str: ...
    @property
    def operation(self) -> HasId: ...


def by_client(request: Asking) -> Hashable:
    """What tells clients apart in this process; a client's name cannot be taken for an address."""
    caller = request.caller
    return (None, holder_of(request.address)) if caller is None else caller.counted_as


def told_apart(parts: Collection[Part]) -> Callable[[Asking], Hashable]:
    """What tells apart, in this process, whatever any of the parts tells apart."""
    by_operation, by_bearer = "operation" in parts, "user" in parts or "customer" in parts

    def key(request: Asking) -> Hashable:
        caller, operation = request.caller, request.operation.id if by_operation else ""
        if caller is None:
            return None, holder_of(request.address), operation
        if by_bearer:
            return caller.issuer, caller.client, caller.subject, caller.customers, operation
        return caller.issuer, caller.client, operation

    return key if by_operation or by_bearer else by_client


def subject(per: Collection[Part], request: Asking) -> str:
    """Whom a limit counts, as a part of a key: each name encoded, so that no name can be taken for two others."""
    return "/".join(_named(part, request) for part in sorted(set(per)))


def _named(part: Part, request: Asking) -> str:
    if part == "operation":
        return quote(request.operation.id, safe="")
    caller = request.caller
    if caller is None:
        return "@@" + quote(holder_of(request.address), safe=":")
    if part == "user":
        return of_issuer(caller.subject, caller.issuer)
    if part == "customer" and caller.customers:
        return ",".join(quote(customer, safe="") for customer in sorted(caller.customers))
    return caller.counted_as


@lru_cache(10_000)  # a token that is bound to its sender is looked at for each request
def of_issuer(name: str, issuer: str) -> str:
    """A client or user of an issuer, which cannot be taken for another's."""
    return f"{quote(name, safe='')}@{quote(issuer, safe='')}"


class Rules(Generic[R]):
    """The limits, or the caps, of a product and of the plans, and whom each counts."""

    def __init__(self, own: Sequence[R], planned: Mapping[str, Sequence[R]], plans: Plans, known: set[str]) -> None:
        """`own` are the product's, `planned` the plans', `known` the operations of the product.

        ValueError where they come to nothing, or the product's name an operation it has not.
        """
        self._own: Sequence[R] = own
        self._planned: Mapping[str, Sequence[R]] = planned
        self._plans = plans
        every = [*own, *(rule for rules in planned.values() for rule in rules)]
        if not every:
            raise ValueError("it limits nobody: it has no limits itself, and no plan has any")
        if unknown := sorted({operation for rule in own for operation in rule.operations} - known):
            raise ValueError(f"the contract has no operation {unknown[0]}")
        parts: set[Part] = {part for rule in every for part in rule.per}
        if any(rule.operations for rule in every):
            parts.add("operation")
        self.key = told_apart(parts)
        """What tells apart, in this process, all whom any of them counts apart."""

    def holding(self, request: Asking) -> Iterator[tuple[R, str]]:
        """Those that hold for a request, the plan's first, and whom each counts."""
        plan: str = self._plans.of(request.caller.client if request.caller else "")
        for rule in (*self._planned.get(plan, ()), *self._own):
            if not rule.operations or request.operation.id in rule.operations:
                yield rule, subject(rule.per, request)
