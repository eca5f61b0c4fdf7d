"""What change of a published contract breaks callers: a golden case for each rule, and what breaks nobody."""

import copy
from typing import Any

import msgspec
import pytest

from tollway.contracts.changes import RULES, breaking

FILE = "experience/orders.v1.yaml"
GONE = object()
RELEASED = msgspec.yaml.decode("""
info: {title: Orders, version: 1.2.0}
servers: [{url: /}]
paths:
  /orders/v1/orders/{order_id}:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string, maxLength: 9}}]
    put:
      operationId: putOrder
      security: [{oauth2: [orders:write]}]
      parameters:
        - {name: mode, in: query, required: false, schema: {type: string, enum: [quick, slow], default: quick}}
        - {name: tags, in: query, style: form, explode: true, schema: {type: array, maxItems: 5, items: {type: string}}}
      requestBody:
        required: false
        content:
          application/json: {schema: {$ref: '#/components/schemas/Order'}}
          application/merge-patch+json: {schema: {type: object}}
      responses:
        '200':
          headers: {ETag: {required: true, schema: {type: string, maxLength: 40}}}
          content:
            application/json: {schema: {$ref: '#/components/schemas/Answer'}}
            text/plain: {schema: {type: string}}
        default: {content: {application/problem+json: {schema: {type: object}}}}
    get: {operationId: getOrder, security: [], responses: {'200': {}}}
components:
  schemas:
    Order:
      type: object
      additionalProperties: true
      required: [id]
      properties:
        id: {type: string, minLength: 1, maxLength: 40}
        note: {anyOf: [{type: string, maxLength: 10}, {type: 'null'}]}
        count: {type: integer, minimum: 1, multipleOf: 1}
        amount: {type: string}
        kind: {enum: [a, b], description: The kind.}
        when: {type: string}
        parts: {type: array, items: {$ref: '#/components/schemas/Order'}}
        payer: {oneOf: [{title: Firm, type: object}, {title: Person, type: string}]}
        more: {not: {type: string}}
    Answer:
      type: object
      additionalProperties: false
      required: [id]
      properties:
        id: {type: string, minLength: 1, maxLength: 40, pattern: '^[a-z]+$'}
        note: {type: string}
        state: {enum: [open, done]}
        at: {type: string, format: date-time}
        next: {anyOf: [{$ref: '#/components/schemas/Answer'}, {type: 'null'}]}
        lines: {type: array, maxItems: 10, items: {type: object, properties: {price: {type: integer}}}}
        more: {not: {type: string}}
  securitySchemes:
    oauth2:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: /token, scopes: {orders:write: w, orders:read: r}}}
""")
PUT = "paths./orders/v1/orders/{order_id}.put"
ORDER, ANSWER = "components.schemas.Order", "components.schemas.Answer"
MODE, TAGS = f"{PUT}.parameters.0", f"{PUT}.parameters.1"
FLOW = "components.securitySchemes.oauth2.flows.clientCredentials"
PATHS = RELEASED["paths"]

BREAKING = [
    ("major-mismatch", {"info.version": "2.0.0"}),
    ("operation-removed", {"paths./orders/v1/orders/{order_id}.get": GONE}),
    ("operation-removed", {"paths": {}}),
    ("operation-id-changed", {f"{PUT}.operationId": "replaceOrder"}),
    ("path-parameter-renamed", {"paths": {"/orders/v1/orders/{id}": next(iter(PATHS.values()))}}),
    ("server-removed", {"servers": [{"url": "/elsewhere"}]}),
    ("security-changed", {f"{PUT}.security": [{"oauth2": ["orders:write", "orders:read"]}]}),
    ("security-changed", {"paths./orders/v1/orders/{order_id}.get.security": [{"oauth2": []}]}),
    ("security-scheme-changed", {f"{FLOW}.tokenUrl": "/other"}),
    ("security-scheme-changed", {"components.securitySchemes.oauth2": GONE}),
    ("scope-removed", {f"{FLOW}.scopes.orders:read": GONE}),
    ("request-parameter-removed", {MODE: GONE}),
    ("request-parameter-required-added", {f"{PUT}.parameters.+": {"name": "x", "in": "query", "required": True}}),
    ("request-parameter-became-required", {f"{MODE}.required": True}),
    ("request-parameter-serialization-changed", {f"{TAGS}.explode": False}),
    ("request-body-removed", {f"{PUT}.requestBody": GONE}),
    ("request-body-became-required", {f"{PUT}.requestBody.required": True}),
    ("request-media-type-removed", {f"{PUT}.requestBody.content.application/merge-patch+json": GONE}),
    ("request-type-narrowed", {f"{ORDER}.properties.amount.type": "integer"}),
    ("request-type-narrowed", {f"{TAGS}.schema.items.type": "integer"}),
    ("request-enum-value-removed", {f"{ORDER}.properties.kind.enum": ["a", "c"]}),
    ("request-enum-value-removed", {f"{MODE}.schema.enum": ["quick"]}),
    ("request-enum-value-removed", {f"{ORDER}.properties.amount.enum": ["1", "2"]}),
    ("request-became-not-nullable", {f"{ORDER}.properties.note": {"type": "string", "maxLength": 10}}),
    ("request-alternative-removed", {f"{ORDER}.properties.payer.oneOf.0": GONE}),
    ("request-limit-narrowed", {f"{ORDER}.properties.id.maxLength": 39}),
    ("request-limit-narrowed", {f"{ORDER}.properties.id.minLength": 2}),
    ("request-limit-narrowed", {f"{ORDER}.properties.count.minimum": 2}),
    ("request-limit-narrowed", {f"{ORDER}.properties.count.exclusiveMaximum": 9}),
    ("request-limit-narrowed", {f"{ORDER}.properties.count.multipleOf": 2}),
    ("request-limit-narrowed", {f"{ORDER}.properties.note.anyOf.0.maxLength": 9}),
    ("request-limit-narrowed", {f"{TAGS}.schema.maxItems": 4}),
    ("request-limit-narrowed", {f"{TAGS}.schema.uniqueItems": True}),
    ("request-limit-narrowed", {"paths./orders/v1/orders/{order_id}.parameters.0.schema.maxLength": 8}),
    ("request-pattern-changed", {f"{ORDER}.properties.amount.pattern": "^[0-9]+$"}),
    ("request-format-changed", {f"{ORDER}.properties.when.format": "date"}),
    ("request-property-removed", {f"{ORDER}.properties.when": GONE}),
    ("request-property-became-required", {f"{ORDER}.required": ["id", "kind"]}),
    ("request-required-property-added", {f"{ORDER}.required": ["id", "new"], f"{ORDER}.properties.new": {}}),
    ("request-additional-properties-closed", {f"{ORDER}.additionalProperties": False}),
    ("request-default-changed", {f"{MODE}.schema.default": "slow"}),
    ("request-default-changed", {f"{ORDER}.properties.amount.default": "1"}),
    ("request-keyword-changed", {f"{ORDER}.properties.more.not.type": "integer"}),
    ("response-status-removed", {f"{PUT}.responses.200": GONE, f"{PUT}.responses.202": {}}),
    ("response-status-removed", {f"{PUT}.responses.default": GONE}),
    ("response-media-type-removed", {f"{PUT}.responses.200.content.text/plain": GONE}),
    ("response-header-removed", {f"{PUT}.responses.200.headers": {}}),
    ("response-header-became-optional", {f"{PUT}.responses.200.headers.ETag.required": False}),
    ("response-type-widened", {f"{ANSWER}.properties.note.type": "integer"}),
    ("response-type-widened", {f"{ANSWER}.properties.lines.items.properties.price.type": "number"}),
    ("response-enum-value-added", {f"{ANSWER}.properties.state.enum": ["open", "done", "lost"]}),
    ("response-became-nullable", {f"{ANSWER}.properties.note.type": ["string", "null"]}),
    ("response-became-nullable", {f"{ANSWER}.properties.note.nullable": True}),
    ("response-alternative-added", {f"{ANSWER}.properties.next.anyOf.+": {"type": "array"}}),
    ("response-limit-widened", {f"{ANSWER}.properties.id.maxLength": 41}),
    ("response-limit-widened", {f"{ANSWER}.properties.id.minLength": GONE}),
    ("response-limit-widened", {f"{ANSWER}.properties.lines.maxItems": GONE}),
    ("response-limit-widened", {f"{PUT}.responses.200.headers.ETag.schema.maxLength": 41}),
    ("response-pattern-changed", {f"{ANSWER}.properties.id.pattern": GONE}),
    ("response-format-changed", {f"{ANSWER}.properties.at.format": "date"}),
    ("response-property-removed", {f"{ANSWER}.properties.note": GONE}),
    ("response-property-removed", {f"{ANSWER}.properties.id": GONE, f"{ANSWER}.required": []}),
    ("response-property-became-optional", {f"{ANSWER}.required": []}),
    ("response-additional-properties-opened", {f"{ANSWER}.additionalProperties": True}),
    ("response-keyword-changed", {f"{ANSWER}.properties.more.not.type": "integer"}),
]  # fmt: skip
HARMLESS = [
    {},
    {"info.version": "1.9.0"},
    {"info.description": "More words.", f"{ORDER}.properties.kind.description": "Other words."},
    {"paths./orders/v1/new": {"get": {"operationId": "new", "responses": {}}}},
    {f"{PUT}.parameters.+": {"name": "x", "in": "query", "schema": {}}},
    {f"{PUT}.deprecated": True, f"{PUT}.x-owner": "us"},
    {f"{PUT}.security.+": {"other": []}},
    {f"{PUT}.security": []},
    {f"{FLOW}.scopes.orders:admin": "a"},
    {f"{PUT}.requestBody.content.text/csv": {}},
    {f"{PUT}.responses.409": {}},
    {f"{PUT}.responses.200.headers.Age": {"schema": {"type": "string"}}},
    {f"{PUT}.responses.200.headers.ETag.schema.maxLength": 39},
    {f"{PUT}.responses.200.content.text/csv": {}},
    {f"{ORDER}.properties.new": {"type": "string"}},
    {f"{ORDER}.properties.id.maxLength": 41, f"{ORDER}.properties.id.minLength": 0},
    {f"{ORDER}.properties.count.type": "number"},
    {f"{ORDER}.properties.count.minimum": GONE},
    {f"{ORDER}.properties.kind.enum": ["a", "b", "c"]},
    {f"{ORDER}.properties.when.type": ["string", "null"]},
    {f"{ORDER}.required": []},
    {f"{MODE}.schema.enum": ["quick", "slow", "other"]},
    {f"{ANSWER}.properties.new": {"type": "string"}},
    {f"{ANSWER}.properties.new": {"type": "string"}, f"{ANSWER}.required": ["id", "new"]},
    {f"{ANSWER}.properties.id.maxLength": 39, f"{ANSWER}.properties.id.minLength": 2},
    {f"{ANSWER}.properties.state.enum": ["open"]},
    {f"{ANSWER}.properties.note.format": "date", f"{ANSWER}.properties.note.pattern": "^2"},
    {f"{ANSWER}.properties.next": {"$ref": "#/components/schemas/Answer"}},
    {f"{ANSWER}.properties.note.default": ""},
]  # fmt: skip


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The released document with parts put in the place of others, taken out, or added to a list."""
    document = copy.deepcopy(RELEASED)
    for place, value in changes.items():
        parent, parts = document, place.split(".")
        for part in parts[:-1]:
            parent = parent[int(part) if isinstance(parent, list) else part]
        last = int(parts[-1]) if isinstance(parent, list) and parts[-1] != "+" else parts[-1]
        if value is GONE:
            del parent[last]
        elif last == "+":
            parent.append(value)
        else:
            parent[last] = value
    return document


@pytest.mark.parametrize(("rule", "changes"), BREAKING, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BREAKING)])
def test_a_breaking_change_is_found_and_named(rule, changes):
    """Each breaking change is told by its rule and by no other, with the place and both sides of the change."""
    found = breaking({FILE: RELEASED}, {FILE: changed(changes)})[FILE]
    assert {change.rule for change in found} == {rule}
    assert all(change.where.startswith("#/") and change.detail for change in found)


@pytest.mark.parametrize("changes", HARMLESS, ids=lambda changes: next(iter(changes), "nothing"))
def test_what_breaks_nobody_is_left_alone(changes):
    """What takes more of requests, or answers less than was allowed, or only says more, is no breaking change."""
    assert breaking({FILE: RELEASED}, {FILE: changed(changes)}) == {}


def test_every_rule_has_its_case():
    """No rule is without a case that shows it at work."""
    assert {rule for rule, _ in BREAKING} | {"api-removed"} == RULES.keys()


def test_a_version_may_go_only_once_it_was_deprecated():
    """A whole published version that is gone breaks its callers, unless its release called all of it deprecated."""
    assert [change.rule for change in breaking({FILE: RELEASED}, {})[FILE]] == ["api-removed"]
    every = "paths./orders/v1/orders/{order_id}"
    deprecated = changed({f"{every}.put.deprecated": True, f"{every}.get.deprecated": True})
    assert breaking({FILE: deprecated}, {}) == {}


def test_a_new_major_is_a_new_file():
    """What would break callers of version 1 may stand in version 2 while version 1 stays."""
    newer = changed({"info.version": "2.0.0", "paths": {}})
    assert breaking({FILE: RELEASED}, {FILE: RELEASED, "experience/orders.v2.yaml": newer}) == {}


def test_one_change_of_a_shared_schema_is_told_once_for_each_side():
    """A schema that many operations use, and itself, is compared without end or repetition."""
    changes = {f"{PUT}.responses.200.content.application/json.schema": {"$ref": "#/components/schemas/Order"}}
    released, now = changed(changes), changed({**changes, f"{ORDER}.properties.id.maxLength": 50})
    (change,) = breaking({FILE: released}, {FILE: now})[FILE]
    assert str(change) == (
        "#/components/schemas/Order/properties/id/maxLength: more may be answered than could "
        "(response-limit-widened): 40 became 50"
    )
