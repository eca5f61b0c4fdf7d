"""Which changes of an operation break those who call it."""

from collections.abc import Iterator, Mapping
from typing import Any

from tollway.contracts.changes.rules import Change
from tollway.contracts.changes.schemas import Json, SchemaComparison

_SERIALIZATION = {"style": None, "explode": None, "allowReserved": False, "allowEmptyValue": False}


class OperationComparison:
    """Compares operations of the released and of the present document."""

    def __init__(self, old: Json, new: Json) -> None:
        """`old` and `new` are the documents."""
        self._old, self._new = old, new
        components = old.get("components", {}), new.get("components", {})
        self._request = SchemaComparison("request", *components)
        self._response = SchemaComparison("response", *components)

    def changes(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        """Every breaking change of an operation."""
        if old.get("operationId") != new.get("operationId"):
            became = f"{old.get('operationId')} became {new.get('operationId')}"
            yield Change(where, "operation-id-changed", became)
        yield from self._security(old, new, where)
        yield from self._parameters(old, new, where)
        yield from self._body(old, new, f"{where}/requestBody")
        yield from self._responses(old.get("responses", {}), new.get("responses", {}), f"{where}/responses")

    def _security(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        before = old.get("security", self._old.get("security", []))
        after = new.get("security", self._new.get("security", [])) or [{}]
        for way in before or [{}]:
            if not any(_suffices(way, other) for other in after):
                yield Change(f"{where}/security", "security-changed", f"{way} became {after}")

    def _parameters(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        before, after = self._by_name(self._old, old), self._by_name(self._new, new)
        for key, parameter in after.items():
            if key not in before and parameter.get("required") and key[0] != "path":
                yield Change(f"{where}/parameters/{key[1]}", "request-parameter-required-added", f"in {key[0]}")
        for key, parameter in before.items():
            place = f"{where}/parameters/{key[1]}"
            if key in after:
                yield from self._parameter(parameter, after[key], place)
            elif key[0] != "path":
                yield Change(place, "request-parameter-removed", f"in {key[0]}")

    def _parameter(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        if new.get("required") and not old.get("required"):
            yield Change(where, "request-parameter-became-required", "optional became required")
        for key, unsaid in _SERIALIZATION.items():
            if old.get(key, unsaid) != new.get(key, unsaid):
                detail = f"{key}: {old.get(key)} became {new.get(key)}"
                yield Change(where, "request-parameter-serialization-changed", detail)
        yield from self._request.changes(old.get("schema", {}), new.get("schema", {}), f"{where}/schema")

    def _body(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        before, after = self._resolved(self._old, old, "requestBody"), self._resolved(self._new, new, "requestBody")
        if before and not after:
            yield Change(where, "request-body-removed", "there is no body any more")
            return
        if after.get("required") and not before.get("required"):
            yield Change(where, "request-body-became-required", "optional, or none, became required")
        contents = before.get("content", {}), after.get("content", {})
        yield from _media(self._request, *contents, where, "request-media-type-removed")

    def _responses(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        for status in old:
            if status not in new:
                yield Change(f"{where}/{status}", "response-status-removed", status)
                continue
            before, after = self._resolved(self._old, old, status), self._resolved(self._new, new, status)
            contents = before.get("content", {}), after.get("content", {})
            yield from _media(self._response, *contents, f"{where}/{status}", "response-media-type-removed")
            yield from self._headers(before.get("headers", {}), after.get("headers", {}), f"{where}/{status}/headers")

    def _headers(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        there = {name.lower(): name for name in new}
        for name in old:
            place = f"{where}/{name}"
            if name.lower() not in there:
                yield Change(place, "response-header-removed", name)
                continue
            before, after = self._resolved(self._old, old, name), self._resolved(self._new, new, there[name.lower()])
            if before.get("required") and not after.get("required"):
                yield Change(place, "response-header-became-optional", "required became optional")
            yield from self._response.changes(before.get("schema", {}), after.get("schema", {}), f"{place}/schema")

    def _by_name(self, document: Json, operation: Json) -> dict[tuple[str, str], Json]:
        listed = operation.get("parameters", [])
        found = [self._resolved(document, {"parameter": parameter}, "parameter") for parameter in listed]
        return {(one["in"], one["name"].lower() if one["in"] == "header" else one["name"]): one for one in found}

    def _resolved(self, document: Json, parent: Mapping[str, Any], key: str) -> Json:
        part: Json = parent.get(key, {})
        while "$ref" in part:
            _, _, kind, name = part["$ref"].split("/")
            part = document["components"][kind][name]
        return part


def _media(schemas: SchemaComparison, old: Json, new: Json, where: str, removed: str) -> Iterator[Change]:
    for kind, media in old.items():
        if kind in new:
            yield from schemas.changes(media.get("schema", {}), new[kind].get("schema", {}), f"{where}/content/{kind}")
        else:
            yield Change(f"{where}/content/{kind}", removed, kind)


def _suffices(way: Mapping[str, list[str]], asked: Mapping[str, list[str]]) -> bool:
    """Whether what was shown before is all that is asked now."""
    return all(scheme in way and set(scopes) <= set(way[scheme]) for scheme, scopes in asked.items())
