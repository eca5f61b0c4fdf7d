"""A published OpenAPI document as the gateway uses it: which operation a request asks for, and what it takes."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from tollway.contracts.schema import Parameter, Schema
from tollway.problems import MethodNotAllowed, NoSuchRoute, StartupError

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


class Operation:
    """One operation: who may call it and what it takes."""

    def __init__(self, method: str, path: str, data: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        components = document.get("components", {})
        self.id: str = data.get("operationId", f"{method} {path}")
        self.path = path
        security = data.get("security", document.get("security"))
        self.scopes = None if security is None else [frozenset(chain(*way.values())) for way in security]
        """Sets of scopes of which a caller needs one; empty when it needs none, None when the contract is silent."""
        self.parameters = [Parameter(parameter, components) for parameter in data.get("parameters", ())]
        self.query_names = frozenset(parameter.name for parameter in self.parameters if parameter.where == "query")
        body = data.get("requestBody", {})
        self.body_required: bool = body.get("required", False)
        self.bodies = {
            media_type: Schema(media.get("schema", {}), components)
            for media_type, media in body.get("content", {}).items()
        }
        """The schema of the body by content type; empty when the operation takes none."""


class _Node:
    """A place in the tree of paths."""

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.names: list[str] = []
        self.operations: dict[str, Operation] = {}


class Contract:
    """An API's published document."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        """`source` names the file in messages; raises StartupError when the document is no OpenAPI document."""
        self.document = document
        self.source = source
        self.operations: list[Operation] = []
        self._root = _Node()
        try:
            for path, item in document["paths"].items():
                self._add(path, {method: item[method] for method in METHODS if method in item})
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise StartupError(f"The contract {source} is not an OpenAPI document: {error!r}.") from error

    def find(self, method: str, segments: list[str]) -> tuple[Operation, dict[str, str]]:
        """The operation at a path and the values in it; raises NoSuchRoute or MethodNotAllowed."""
        values: list[str] = []
        node = _descend(self._root, segments, values)
        if node is None:
            raise NoSuchRoute("This API has no such address; its contract lists those it has.")
        operation = node.operations.get(method)
        if operation is None:
            allowed = ", ".join(sorted(node.operations))
            raise MethodNotAllowed(f"This address takes {allowed}, not {method}.", headers={"allow": allowed})
        return operation, dict(zip(node.names, values, strict=True))

    def _add(self, path: str, methods: Mapping[str, Any]) -> None:
        node = self._root
        names = []
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.variable = node = node.variable or _Node()
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.names = names
        for method, data in methods.items():
            operation = Operation(method, path, data, self.document)
            node.operations[method.upper()] = operation
            self.operations.append(operation)


def _descend(node: _Node, segments: list[str], values: list[str], depth: int = 0) -> _Node | None:
    """The node of a path, what is fixed before what is variable, as OpenAPI asks."""
    if depth == len(segments):
        return node if node.operations else None
    fixed = node.fixed.get(segments[depth])
    if fixed and (found := _descend(fixed, segments, values, depth + 1)):
        return found
    if node.variable is None or not segments[depth]:
        return None
    values.append(segments[depth])
    found = _descend(node.variable, segments, values, depth + 1)
    if found is None:
        values.pop()
    return found


def load(folder: Path, name: str) -> Contract:
    """The contract in a file below the folder of contracts; raises StartupError that names the file."""
    path = folder / name
    try:
        document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except FileNotFoundError:
        raise StartupError(f"There is no contract {path}; `tollway openapi` writes it.") from None
    except (OSError, yaml.YAMLError) as error:
        raise StartupError(f"The contract {path} cannot be read: {error}.") from error
    return Contract(document, str(path))
