"""Finds what stands at a path, among paths of fixed and variable segments."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from tollway.http.request_path import segments_of

T = TypeVar("T")
_MOST = 4096
_LONGEST = 256
"""What has been found is kept in mind, for each method so many paths of so many characters at most: callers ask again
and again."""


class PathTree(Generic[T]):
    """What stands at each path, such as `/orders/v1/orders/{id}`."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._found: dict[str, dict[str, tuple[T, Mapping[str, str]]]] = {}
        """By method and path."""

    def at(self, path: str) -> "_Node[T]":
        """The place of a path, made when there is none."""
        node, names = self._root, []
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.variable = node = node.variable or _Node()
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.names = names
        return node

    def find(self, method: str, path: str) -> tuple[T, Mapping[str, str]] | None:
        """What stands there for the method, and what the variable segments of the percent-encoded path are, by name."""
        kept = self._found.get(method)
        if kept is None:
            return self._descended(method, path)
        return kept.get(path) or self._descended(method, path)

    def methods(self, path: str) -> list[str]:
        """For which methods something stands at a percent-encoded path."""
        node = _descend(self._root, segments_of(path), [])
        return sorted(node.things) if node else []

    def _descended(self, method: str, path: str) -> tuple[T, Mapping[str, str]] | None:
        values: list[str] = []
        node = _descend(self._root, segments_of(path), values)
        thing = node.things.get(method) if node else None
        if node is None or thing is None:
            return None
        found = thing, dict(zip(node.names, values, strict=True))
        if len(path) <= _LONGEST:
            kept = self._found.setdefault(method, {})
            if len(kept) >= _MOST:
                kept.clear()
            kept[path] = found
        return found


class _Node(Generic[T]):
    """A place in the tree."""

    __slots__ = ("fixed", "names", "things", "variable")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node[T]] = {}
        self.variable: _Node[T] | None = None
        self.names: list[str] = []
        """The variable segments of the path that ends here."""
        self.things: dict[str, T] = {}
        """What stands here, by method."""


def _descend(node: _Node[T], segments: list[str], values: list[str], depth: int = 0) -> _Node[T] | None:
    """The node of a path, what is fixed before what is variable, as OpenAPI asks."""
    for place in range(depth, len(segments)):
        segment = segments[place]
        fixed, variable = node.fixed.get(segment), node.variable
        if fixed and variable:  # the only fork that one may have to come back to
            taken = len(values)
            if found := _descend(fixed, segments, values, place + 1):
                return found
            del values[taken:]
        if variable is None:
            if fixed is None:
                return None
            node = fixed
        elif segment:
            values.append(segment)
            node = variable
        else:
            return None
    return node if node.things else None
