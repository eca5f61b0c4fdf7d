"""How a contract tells whose objects its operations are about: the extension `x-tollway-owner` of an operation.

- `{pointer: /account_id}`: the answer of a safe operation holds the owning customer's id at this JSON pointer.
- `{operation: getProjectStatement, pointer: /account_id}`: that operation's answer does, for the same path values.
- `{operation: …, pointer: …, with: {number: /project_number}}`: the same, but the path value `number` stands at a JSON
  pointer in the answer of a safe operation, in the body of an unsafe one.
- `{query: customer}`: a list, which is to be asked for with this parameter, and holds that customer's objects only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tollway.contracts.published import METHODS, Contract, Operation

EXTENSION = "x-tollway-owner"
_SAFE = ("get", "head")


class Owner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The extension as a contract writes it."""

    pointer: str = ""
    operation: str = ""
    query: str = ""
    sources: dict[str, str] = msgspec.field(name="with", default_factory=dict)


class Owned(msgspec.Struct, frozen=True):
    """How to find out whose the object of an operation is."""

    safe: bool
    pointer: str
    query: str
    asked: str
    """The path of the operation that is asked instead; empty when the own answer tells."""
    sources: Mapping[str, str]


class _Found(msgspec.Struct, frozen=True):
    operation: Operation
    path: str
    method: str
    data: Mapping[str, Any]

    @property
    def names(self) -> set[str]:
        return {parameter.name for parameter in self.operation.parameters.path}


def owners(contract: Contract) -> dict[Operation, Owned]:
    """The operations of which the contract tells whose objects they are about; ValueError where it says nonsense."""
    found = {one.operation.id: one for one in _operations(contract)}
    return {one.operation: _owned(one, found) for one in found.values() if EXTENSION in one.data}


def _operations(contract: Contract) -> Iterator[_Found]:
    named = {operation.id: operation for operation in contract.operations}
    for path, item in contract.document["paths"].items():
        for method in METHODS:
            if method in item:
                yield _Found(named[item[method].get("operationId", f"{method} {path}")], path, method, item[method])


def _owned(one: _Found, found: Mapping[str, _Found]) -> Owned:
    where = f"{EXTENSION} of {one.operation.id}"
    try:
        owner = msgspec.convert(one.data[EXTENSION], Owner)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {error}") from None
    if bool(owner.query) == bool(owner.pointer):
        raise ValueError(f"{where}: it has either a pointer or a query parameter")
    if owner.query and owner.query not in one.operation.parameters.query:
        raise ValueError(f"{where}: the operation has no query parameter {owner.query}")
    asked = found.get(owner.operation)
    if owner.operation and (asked is None or asked.method != "get" or asked.operation.streamed):
        raise ValueError(f"{where}: there is no GET operation {owner.operation} that answers JSON")
    if asked and not asked.names <= one.names | owner.sources.keys():
        raise ValueError(f"{where}: it does not say where all of {', '.join(sorted(asked.names))} come from")
    if not asked and owner.pointer and (one.method != "get" or one.operation.streamed):
        raise ValueError(f"{where}: only the JSON answer of a GET tells by itself; name an operation to ask")
    return Owned(one.method in _SAFE, owner.pointer, owner.query, asked.path if asked else "", owner.sources)
