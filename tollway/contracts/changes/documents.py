"""Which changes of a whole document, or of all of them, break those who call by the last release."""

import re
from collections.abc import Iterator, Mapping

from tollway.contracts.changes.operations import OperationComparison
from tollway.contracts.changes.rules import Change
from tollway.contracts.changes.schemas import Json
from tollway.contracts.published import METHODS
from tollway.contracts.schema import pointer_to

_MAJOR = re.compile(r"\.v([0-9]+)\.yaml$")
_PARAMETER = re.compile(r"{[^}]*}")


def breaking(released: Mapping[str, Json], present: Mapping[str, Json]) -> dict[str, list[Change]]:
    """The breaking changes between two sets of documents, each by its file; a new major is a new file."""
    found = {}
    for file, old in released.items():
        if file in present:
            found[file] = of_document(old, present[file])
        elif not _is_deprecated(old):
            found[file] = [Change("#", "api-removed", file)]
    for file, new in present.items():
        if (said := new["info"]["version"]).split(".")[0] != _major(file):
            found.setdefault(file, []).append(Change("#/info/version", "major-mismatch", f"{said} in {file}"))
    return {file: changes for file, changes in found.items() if changes}


def of_document(old: Json, new: Json) -> list[Change]:
    """The breaking changes of a document, each once however many operations it reaches."""
    changes = [*_servers(old, new), *_schemes(old, new), *_operations(old, new)]
    return sorted(set(changes))


def _operations(old: Json, new: Json) -> Iterator[Change]:
    comparison = OperationComparison(old, new)
    paths = {_PARAMETER.sub("{}", path): path for path in new["paths"]}
    for path, item in old["paths"].items():
        there = paths.get(_PARAMETER.sub("{}", path))
        if there not in (None, path):
            yield Change(f"#/paths{pointer_to([path])}", "path-parameter-renamed", f"{path} became {there}")
        for method in METHODS:
            if method not in item:
                continue
            where = f"#/paths{pointer_to([path, method])}"
            if there is None or method not in new["paths"][there]:
                yield Change(where, "operation-removed", item[method].get("operationId", path))
            else:
                yield from comparison.changes(_operation(item, method), _operation(new["paths"][there], method), where)


def _operation(item: Json, method: str) -> Json:
    """An operation with the parameters that it shares with the others of its path."""
    operation: Json = item[method]
    return operation | {"parameters": [*item.get("parameters", []), *operation.get("parameters", [])]}


def _servers(old: Json, new: Json) -> Iterator[Change]:
    there = {server["url"] for server in new.get("servers", [])}
    for server in old.get("servers", []):
        if server["url"] not in there:
            yield Change("#/servers", "server-removed", server["url"])


def _schemes(old: Json, new: Json) -> Iterator[Change]:
    after = new.get("components", {}).get("securitySchemes", {})
    for name, scheme in old.get("components", {}).get("securitySchemes", {}).items():
        where = f"#/components/securitySchemes/{name}"
        if name not in after:
            yield Change(where, "security-scheme-changed", f"{name} is gone")
            continue
        if _form(scheme) != _form(after[name]):
            yield Change(where, "security-scheme-changed", f"{_form(scheme)} became {_form(after[name])}")
        for flow, said in scheme.get("flows", {}).items():
            offered = after[name].get("flows", {}).get(flow, {}).get("scopes", {})
            for scope in said.get("scopes", {}).keys() - offered.keys():
                yield Change(f"{where}/flows/{flow}/scopes", "scope-removed", scope)


def _form(scheme: Json) -> Json:
    """What a caller has to do, without words and scopes."""
    flows = {
        flow: {key: value for key, value in said.items() if key != "scopes"}
        for flow, said in scheme.get("flows", {}).items()
    }
    return {key: value for key, value in scheme.items() if key != "description"} | ({"flows": flows} if flows else {})


def _is_deprecated(document: Json) -> bool:
    return all(
        item[method].get("deprecated", False)
        for item in document["paths"].values()
        for method in METHODS
        if method in item
    )


def _major(file: str) -> str:
    found = _MAJOR.search(file)
    return found[1] if found else ""
