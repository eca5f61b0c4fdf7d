"""A published OpenAPI document as the gateway uses it: which operation a request asks for, and what it takes."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from tollway.contracts.answers import Answers
from tollway.contracts.schema import Components, Parameter
from tollway.problems import MethodNotAllowed, NoSuchRoute, StartupError

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


class Operation:
    """One operation: who may call it and what it takes."""

    def __init__(
        self, method: str, path: str, data: Mapping[str, Any], document: Mapping[str, Any], components: Components
    ) -> None:
        self.id: str = data.get("operationId", f"{method} {path}")
        self.path = path
        security = data.get("security", document.get("security"))
        self.scopes = None if security is None else [frozenset(chain(*way.values())) for way in security]
        """Sets of scopes of which a caller needs one; empty when it needs none, None when the contract is silent."""
        parameters = [Parameter(components.resolved(one), components) for one in data.get("parameters", ())]
        self.path_parameters = [one for one in parameters if one.where == "path"]
        self.query_parameters = {one.name: one for one in parameters if one.where == "query"}
        self.header_parameters = [one for one in parameters if one.where == "header"]
        body = data.get("requestBody", {})
        self.body_required: bool = body.get("required", False)
        self.bodies = {
            media_type: components.schema(media.get("schema", {}))
            for media_type, media in body.get("content", {}).items()
        }
        """The schema of the body by content type; empty when the operation takes none."""
        self.answers = Answers(data.get("responses", {}), components)
        self.streamed = _streams(data.get("responses", {}))
        """Whether its good answer is passed on as it comes: events or bytes, not a JSON document."""


def _streams(responses: Mapping[str, Any]) -> bool:
    good = [answer for status, answer in responses.items() if str(status).startswith("2")]
    kinds = [kind for answer in good for kind in answer.get("content", {})]
    return bool(kinds) and not any(kind.partition(";")[0].endswith("json") for kind in kinds)


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
            self._components = Components(document.get("components", {}))
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
            operation = Operation(method, path, data, self.document, self._components)
            node.operations[method.upper()] = operation
            self.operations.append(operation)


def _descend(node: _Node, segments: list[str], values: list[str], depth: int = 0) -> _Node | None:
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
    return node if node.operations else None


def load(folder: Path, name: str) -> Contract:
    """The contract in a file below the folder of contracts; raises StartupError that names the file."""
    return Contract(read(folder / name), str(folder / name))


def read(path: Path) -> dict[str, Any]:
    """The document in a file, unchecked; raises StartupError that names the file."""
    try:
        document: dict[str, Any] = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except FileNotFoundError:
        raise StartupError(f"There is no contract {path}; `tollway openapi` writes it.") from None
    except (OSError, yaml.YAMLError) as error:
        raise StartupError(f"The contract {path} cannot be read: {error}.") from error
    return document
