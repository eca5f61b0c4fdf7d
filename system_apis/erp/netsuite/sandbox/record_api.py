"""The record service: /services/rest/record/v1.

Sources: SuiteTalk REST Web Services API Guide, "Working with Records", "Accessing Subresources in REST Web Services",
"Transforming Records", "Working with Resource Metadata", "Using the Upsert Operation" (PUT takes an external id only);
REST API Browser (query parameters and headers). Asynchronous requests are left out, and idempotency keys with them: a
request that prefers `respond-async` is answered at once.
"""

from typing import Any

from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from system_apis.erp.netsuite.sandbox import metadata
from system_apis.erp.netsuite.sandbox.account import Account
from system_apis.erp.netsuite.sandbox.catalog import RecordType
from system_apis.erp.netsuite.sandbox.errors import NetSuiteError, no_such_record
from system_apis.erp.netsuite.sandbox.filters import parse_filter
from system_apis.erp.netsuite.sandbox.incoming import BodyReader, Strictness
from system_apis.erp.netsuite.sandbox.outgoing import MAX_LIMIT, Renderer, View, encode, page
from system_apis.erp.netsuite.sandbox.records import Document, external_id_in

Call = Request[Any, Any, Any]
SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
_PATH = "/services/rest/record/v1"


def origin(request: Call) -> str:
    """The scheme and host as the client called them."""
    return f"{request.scope['scheme']}://{request.headers['host']}"


def paging(request: Call) -> tuple[int, int]:
    """The limit and offset of a request; the words of the refusal are the sandbox's own."""
    limit, offset = request.query_params.get("limit", str(MAX_LIMIT)), request.query_params.get("offset", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
        raise NetSuiteError(f"Invalid limit: {limit}.", "INVALID_PARAMETER", query_param="limit")
    if not offset.isdigit():
        raise NetSuiteError(f"Invalid offset: {offset}.", "INVALID_PARAMETER", query_param="offset")
    return int(limit), int(offset)


def answer(content: Any, media_type: str) -> Response[bytes]:
    """A body as JSON of a media type."""
    return Response(encode(content), media_type=media_type)


@get("/metadata-catalog", sync_to_thread=False)
def list_metadata(request: Call, account: NamedDependency[Account]) -> Response[bytes]:
    """The record types; with Accept application/swagger+json an OpenAPI document of those in `select`."""
    types = account.records.types
    if "swagger" not in request.headers.get("accept", ""):
        return answer(metadata.index(types, _base_url(request)), "application/json")
    selected = [name for name in request.query_params.get("select", "").split(",") if name]
    kinds = [account.records.type_of(name) for name in selected] or list(types.values())
    return answer(metadata.openapi(kinds, _base_url(request)), "application/swagger+json")


@get("/metadata-catalog/{name:str}", sync_to_thread=False)
def get_metadata(request: Call, account: NamedDependency[Account], name: FromPath[str]) -> Response[bytes]:
    """One record type, as JSON Schema or as OpenAPI."""
    kind = account.records.type_of(name)
    if "swagger" in request.headers.get("accept", ""):
        return answer(metadata.openapi([kind], _base_url(request)), "application/swagger+json")
    return answer(metadata.json_schema(kind), "application/schema+json")


@get("/{record_type:str}", sync_to_thread=False)
def list_records(request: Call, account: NamedDependency[Account], record_type: FromPath[str]) -> Response[bytes]:
    """The ids of the records of a type that match `q`."""
    kind = account.records.type_of(record_type)
    limit, offset = paging(request)
    documents = account.records.all(kind.name).values()
    if text := request.query_params.get("q"):
        matches = parse_filter(kind, text)
        documents = [found for found in documents if matches(account.shown(kind, found))]  # type: ignore[assignment]
    url = f"{_base_url(request)}/{kind.name.lower()}"
    links = [{"links": [{"rel": "self", "href": f"{url}/{found['id']}"}], "id": found["id"]} for found in documents]
    return answer(page(url, links, limit, offset), COLLECTION)


@post("/{record_type:str}")
async def create_record(request: Call, account: NamedDependency[Account], record_type: FromPath[str]) -> Response[None]:
    """A new record; answers its URL."""
    kind = account.records.type_of(record_type)
    changes = await _changes(request, account, kind)
    return _written(request, kind, account.create(kind, changes))


@get("/{record_type:str}/{key:str}", sync_to_thread=False)
def get_record(
    request: Call, account: NamedDependency[Account], record_type: FromPath[str], key: FromPath[str]
) -> Response[bytes]:
    """One record by internal id or `eid:` and external id."""
    kind = account.records.type_of(record_type)
    document = account.shown(kind, account.records.find(kind, key))
    only = {name.strip().lower() for name in request.query_params.get("fields", "").split(",") if name.strip()}
    view = View(
        _base_url(request),
        expand=request.query_params.get("expandSubResources", "").lower() == "true",
        simple_enums=request.query_params.get("simpleEnumFormat", "").lower() == "true",
        only=frozenset(only),
    )
    return answer(Renderer(account.records, view).record(kind, document), SINGULAR)


@patch("/{record_type:str}/{key:str}")
async def update_record(
    request: Call, account: NamedDependency[Account], record_type: FromPath[str], key: FromPath[str]
) -> Response[None]:
    """Change the fields and lines the body names."""
    kind = account.records.type_of(record_type)
    document = account.records.find(kind, key)
    changes = await _changes(request, account, kind)
    return _written(request, kind, account.update(kind, document, changes, _replaced(request)))


@put("/{record_type:str}/{key:str}")
async def upsert_record(
    request: Call, account: NamedDependency[Account], record_type: FromPath[str], key: FromPath[str]
) -> Response[None]:
    """Create or change the record of an external id."""
    kind = account.records.type_of(record_type)
    external_id = external_id_in(key)
    if external_id is None:
        raise no_such_record()
    changes = await _changes(request, account, kind)
    return _written(request, kind, account.upsert(kind, external_id, changes, _replaced(request)))


@delete("/{record_type:str}/{key:str}", sync_to_thread=False)
def delete_record(account: NamedDependency[Account], record_type: FromPath[str], key: FromPath[str]) -> None:
    """Remove a record."""
    kind = account.records.type_of(record_type)
    account.delete(kind, account.records.find(kind, key))


@get("/{record_type:str}/{key:str}/{name:str}", sync_to_thread=False)
def get_subresource(
    request: Call,
    account: NamedDependency[Account],
    record_type: FromPath[str],
    key: FromPath[str],
    name: FromPath[str],
) -> Response[bytes]:
    """A sublist, or the record that a reference field points to."""
    kind, document = _found(account, record_type, key)
    expand = request.query_params.get("expandSubResources", "").lower() == "true"
    renderer = Renderer(account.records, View(_base_url(request), expand=expand))
    if sublist := _named(kind.sublists, name):
        content = renderer.sublist(kind, document, sublist, expand=True)
        links = content["items"] if expand else [{"links": item["links"]} for item in content["items"]]
        return answer(content | {"items": links}, COLLECTION)
    field = _named(kind.fields, name)
    if field is None or kind.fields[field].kind != "ref" or field not in document:
        raise no_such_record()
    for target in kind.fields[field].to:
        if referenced := account.records.get(target, document[field]):
            target_kind = account.records.type_of(target)
            return answer(renderer.record(target_kind, account.shown(target_kind, referenced)), SINGULAR)
    raise no_such_record()


@get("/{record_type:str}/{key:str}/{name:str}/{index:int}", sync_to_thread=False)
def get_line(
    request: Call, account: NamedDependency[Account], name: FromPath[str], index: FromPath[int]
) -> Response[bytes]:
    """One line of a sublist, counted from 1."""
    kind, document = _found(account, request.path_params["record_type"], request.path_params["key"])
    sublist = _named(kind.sublists, name)
    lines = document.get(sublist, []) if sublist else []
    if sublist is None or not 1 <= index <= len(lines):
        raise no_such_record()
    url = f"{_base_url(request)}/{kind.name.lower()}/{document['id']}/{sublist.lower()}/{index}"
    renderer = Renderer(account.records, View(_base_url(request), expand=True))
    return answer(renderer.line(kind, lines[index - 1], sublist, url), SINGULAR)


@post("/{record_type:str}/{key:str}/!transform/{target:str}")
async def transform_record(
    request: Call,
    account: NamedDependency[Account],
    record_type: FromPath[str],
    key: FromPath[str],
    target: FromPath[str],
) -> Response[None]:
    """A new record made from another one."""
    kind, document = _found(account, record_type, key)
    target_kind = account.records.type_of(target)
    changes = await _changes(request, account, target_kind)
    return _written(request, target_kind, account.transform(kind, document, target_kind, changes))


async def _changes(request: Call, account: Account, kind: RecordType) -> Document:
    reader = BodyReader(account.records, Strictness.of(request.headers))
    return reader.changes(kind, await request.body())


def _found(account: Account, record_type: str, key: str) -> tuple[RecordType, Document]:
    kind = account.records.type_of(record_type)
    return kind, account.records.find(kind, key)


def _written(request: Call, kind: RecordType, document: Document) -> Response[None]:
    url = f"{_base_url(request)}/{kind.name.lower()}/{document['id']}"
    return Response(None, status_code=204, headers={"location": url}, media_type=SINGULAR)


def _replaced(request: Call) -> list[str]:
    return [name.strip().lower() for name in request.query_params.get("replace", "").split(",") if name.strip()]


def _named(known: dict[str, Any], name: str) -> str | None:
    return next((candidate for candidate in known if candidate.lower() == name.lower()), None)


def _base_url(request: Call) -> str:
    return origin(request) + _PATH


RECORD_ROUTER = Router(
    _PATH,
    route_handlers=[
        list_metadata,
        get_metadata,
        list_records,
        create_record,
        get_record,
        update_record,
        upsert_record,
        delete_record,
        get_subresource,
        get_line,
        transform_record,
    ],
)
