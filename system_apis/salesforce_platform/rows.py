"""The structs that a query's records become; a query asks for exactly the fields of its struct.

A field that is a struct is a parent, one that is a `Page` of structs holds the record's children.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a query's records, or of a record's children."""

    records: list[T]
    done: bool
    next_records_url: str = ""


def page_of(kind: type[T]) -> type[Page[T]]:
    """The type of a page of such records."""
    return Page[kind]  # type: ignore[valid-type]


def select(kind: type[msgspec.Struct], sobject: str, children: Mapping[str, str] | None = None) -> str:
    """`SELECT … FROM sobject`; `children` has the clauses that follow FROM for each kind of children."""
    columns = ", ".join(_columns(kind, children or {}, ""))
    return f"SELECT {columns} FROM {sobject}"  # noqa: S608 - names of our own structs; values are quoted by soql


def child_kinds(kind: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """The struct of the children in each field that holds a page of them."""
    fields = ((field.name, _bare(field.type)) for field in msgspec.structs.fields(kind))
    return {name: typing.get_args(held)[0] for name, held in fields if typing.get_origin(held) is Page}


def listed(page: Page[T] | None) -> list[T]:
    """The children; a record without any has no page of them."""
    return page.records if page else []


def _columns(kind: type[msgspec.Struct], children: Mapping[str, str], prefix: str) -> Iterator[str]:
    held = child_kinds(kind)
    for field in msgspec.structs.fields(kind):
        inner = _bare(field.type)
        if field.name in held:
            source = f"{field.name} {children.get(field.name, '')}".strip()
            yield f"({select(held[field.name], source)})"
        elif isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from _columns(inner, children, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def _bare(declared: Any) -> Any:
    """A type without the None that it may be instead."""
    if isinstance(declared, types.UnionType) or typing.get_origin(declared) is typing.Union:
        return next(part for part in typing.get_args(declared) if part is not types.NoneType)
    return declared
