"""A published OpenAPI document as the gateway uses it: which operation a request asks for, and what it takes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from tollway.contracts.answers import Answers
from tollway.contracts.schema import Components, Parameter
from tollway.http.path_tree import PathTree
from tollway.problems import MethodNotAllowed, NoSuchRoute, StartupError

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
SIGNED = "x-signed"
"""Marks a scheme by which callers sign what they send, for the service to verify: the gateway lets them through."""


class Parameters:
    """What an operation takes from path, query and headers; one for all operations that say the same."""

    __slots__ = ("header", "path", "query")

    def __init__(self, data: Sequence[Mapping[str, Any]], components: Components) -> None:
        every = [components.once(Parameter, components.resolved(one)) for one in data]
        self.path = tuple(one for one in every if one.where == "path")
        self.query = {one.name: one for one in every if one.where == "query"}
        self.header = tuple(one for one in every if one.where == "header")


class Operation:
    """One operation: who may call it and what it takes."""

    __slots__ = ("answers", "bodies", "body_required", "id", "parameters", "path", "scopes", "streamed")

    def __init__(
        self, method: str, path: str, data: Mapping[str, Any], document: Mapping[str, Any], components: Components
    ) -> None:
        self.id: str = data.get("operationId", f"{method} {path}")
        self.path = path
        security = data.get("security", document.get("security"))
        schemes = components.components.get("securitySchemes", {})
        ways = [way for way in security or () if not any(SIGNED in schemes.get(name, {}) for name in way)]
        self.scopes = None if security is None else _shared(tuple(frozenset(chain(*way.values())) for way in ways))
        """Sets of scopes of which a caller needs one; empty when it needs none, None when the contract is silent."""
        self.parameters = components.once(Parameters, data.get("parameters", ()))
        body = data.get("requestBody", {})
        self.body_required: bool = body.get("required", False)
        self.bodies = {
            media_type: components.schema(media.get("schema", {}))
            for media_type, media in body.get("content", {}).items()
        }
        """The schema of the body by content type; empty when the operation takes none."""
        self.answers = components.once(Answers, data.get("responses", {}))
        self.streamed = _streams(data.get("responses", {}))
        """Whether its good answer is passed on as it comes: events or bytes, not a JSON document."""


@lru_cache(1_024)
def _shared(scopes: tuple[frozenset[str], ...]) -> tuple[frozenset[str], ...]:
    """The same for all operations that ask for the same."""
    return scopes


def _streams(responses: Mapping[str, Any]) -> bool:
    good = [answer for status, answer in responses.items() if str(status).startswith("2")]
    kinds = [kind for answer in good for kind in answer.get("content", {})]
    return bool(kinds) and not any(kind.partition(";")[0].endswith("json") for kind in kinds)


class Contract:
    """An API's published document."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        """`source` names the file in messages; raises StartupError when the document is no OpenAPI document."""
        self.document = document
        self.source = source
        self.operations: list[Operation] = []
        self._tree: PathTree[Operation] = PathTree()
        try:
            self._components = Components(document.get("components", {}))
            for path, item in document["paths"].items():
                self._add(path, {method: item[method] for method in METHODS if method in item})
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise StartupError(f"The contract {source} is not an OpenAPI document: {error!r}.") from error

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        """The operation at a percent-encoded path and the values in it; raises NoSuchRoute or MethodNotAllowed."""
        found = self._tree.find(method, path)
        if found is None:
            allowed = ", ".join(self._tree.methods(path))
            if not allowed:
                raise NoSuchRoute("This API has no such address; its contract lists those it has.")
            raise MethodNotAllowed(f"This address takes {allowed}, not {method}.", headers={"allow": allowed})
        return found

    def _add(self, path: str, methods: Mapping[str, Any]) -> None:
        node = self._tree.at(path)
        for method, data in methods.items():
            operation = Operation(method, path, data, self.document, self._components)
            node.things[method.upper()] = operation
            self.operations.append(operation)


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


def others(folder: Path) -> dict[str, dict[str, Any]]:
    """The documents beside the folders of OpenAPI contracts, by name: those of AsyncAPI."""
    return {path.stem: read(path) for path in sorted(folder.glob("*.asyncapi.yaml"))}
