"""From the values a record holds to the JSON NetSuite answers.

Sources: SuiteTalk REST Web Services API Guide, "Getting a Record Instance", "Format of Sublists and Subrecords"
(links instead of sublists unless `expandSubResources`), "Collection Paging" (links, offset, hasMore, totalResults);
REST API Browser (`fields`, `simpleEnumFormat`).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from system_apis.erp.netsuite.sandbox.catalog import Field, RecordType
from system_apis.erp.netsuite.sandbox.records import Document, Records

MAX_LIMIT = 1000
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON with decimals as numbers."""
    return _encoder.encode(value)


class View(msgspec.Struct, frozen=True):
    """How a record is to be shown."""

    base_url: str
    """Up to and including /record/v1."""
    expand: bool = False
    simple_enums: bool = False
    only: frozenset[str] = frozenset()
    """Lower-case names of the fields and sublists to show; empty shows all."""


class Renderer:
    """Renders records for one request."""

    def __init__(self, records: Records, view: View) -> None:
        self._records, self._view = records, view

    def record(self, kind: RecordType, document: Document) -> dict[str, Any]:
        """A record as GET answers it."""
        url = f"{self._view.base_url}/{kind.name.lower()}/{document['id']}"
        shown = self._fields(kind.fields, document, url)
        for name in kind.sublists:
            shown[name] = self.sublist(kind, document, name, expand=self._view.expand)
        shown = dict(sorted((name, value) for name, value in shown.items() if self._wanted(name)))
        identity = {"id": document["id"]}
        if document.get("externalId"):
            identity["externalId"] = document["externalId"]
        if kind.name_field and document.get(kind.name_field):
            identity["refName"] = str(document[kind.name_field])
        return _self_link(url) | identity | shown

    def sublist(self, kind: RecordType, document: Document, name: str, *, expand: bool) -> dict[str, Any]:
        """A sublist: its link alone or with its lines."""
        url = f"{self._view.base_url}/{kind.name.lower()}/{document['id']}/{name.lower()}"
        if not expand:
            return _self_link(url)
        lines = document.get(name, [])
        items = [self.line(kind, line, name, f"{url}/{index}") for index, line in enumerate(lines, 1)]
        return _self_link(url) | {"items": items, "totalResults": len(items)}

    def line(self, kind: RecordType, line: Document, name: str, url: str) -> dict[str, Any]:
        """One line of a sublist."""
        keys = {key: line[key] for key in ("id", "line") if key in line}
        return _self_link(url) | keys | self._fields(kind.sublists[name], line, url)

    def _wanted(self, name: str) -> bool:
        return not self._view.only or name.lower() in self._view.only

    def _fields(self, fields: dict[str, Field], document: Document, url: str) -> dict[str, Any]:
        present = ((name, field) for name, field in fields.items() if document.get(name) is not None)
        return {name: self._value(field, document[name], f"{url}/{name.lower()}") for name, field in present}

    def _value(self, field: Field, value: Any, url: str) -> Any:
        match field.kind:
            case "ref":
                return self._reference(field, value)
            case "choice":
                return value if self._view.simple_enums else {"id": value, "refName": field.choices[value]}
            case "subrecord":
                return _self_link(url) | (self._fields(field.fields, value, url) if self._view.expand else {})
            case "integer":
                return int(value)
            case "decimal" | "amount" | "percent":
                return number(value)
        return value

    def _reference(self, field: Field, identity: str) -> dict[str, Any]:
        target = next(name for name in field.to if self._records.get(name, identity) is not None)
        link = _self_link(f"{self._view.base_url}/{target.lower()}/{identity}")
        return link | {"id": identity, "refName": self._records.name(target, identity)}


def number(value: str) -> Decimal:
    """A number as JSON shows it: always with a decimal point, without needless zeros behind it."""
    shown = Decimal(value).normalize()
    return shown.quantize(Decimal("0.1")) if shown.as_tuple().exponent in range(30) else shown


def page(url: str, found: Iterable[Any], limit: int, offset: int) -> dict[str, Any]:
    """One page of a collection with the links to its neighbours."""
    everything = list(found)
    shown = everything[offset : offset + limit]
    total = len(everything)
    links = []
    if offset > 0:
        links.append(_page_link("first", url, limit, 0))
        links.append(_page_link("previous", url, limit, max(0, offset - limit)))
    if offset + limit < total:
        links.append(_page_link("next", url, limit, offset + limit))
        links.append(_page_link("last", url, limit, (total - 1) // limit * limit))
    links.append(_page_link("self", url, limit, offset))
    return {
        "links": links,
        "count": len(shown),
        "hasMore": offset + limit < total,
        "items": shown,
        "offset": offset,
        "totalResults": total,
    }


def _page_link(rel: str, url: str, limit: int, offset: int) -> dict[str, str]:
    joiner = "&" if "?" in url else "?"
    return {"rel": rel, "href": f"{url}{joiner}limit={limit}&offset={offset}"}


def _self_link(url: str) -> dict[str, Any]:
    return {"links": [{"rel": "self", "href": url}]}
