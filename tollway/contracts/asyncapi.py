"""The AsyncAPI 3 document of the business events, made from the structs that msgspec itself encodes them from."""

import inspect
from typing import Any, get_args

import msgspec

from tollway.canonical.event import BusinessEvent, CloudEvent
from tollway.contracts.document import portable

_REF = "#/components/schemas/{name}"
_EVENTS = {"$ref": "#/channels/events"}
_JSON = "application/cloudevents+json"
_WEBHOOK = """The event as it is, in CloudEvents' structured mode, signed by Standard Webhooks. Any answer of 2xx takes
it; 410 ends the subscription; whatever else is tried again, later events of the same subject waiting behind it."""
_STREAM = "Server-sent events: `id` is the event's place in the log, `event` its type, `data` the event."
_SUBSCRIPTION = """Server-sent events that go on where the subscription's reader got to: `id` is what the reader comes
again with, `event` the event's type, `data` the event."""
_REDIS = "An entry for each event, under its place in the log, with the fields `id`, `type` and `event`."


def document(title: str, version: str) -> dict[str, Any]:
    """The document, the same on every run: one channel of all events, and the ways to receive it."""
    kinds: tuple[type[CloudEvent], ...] = get_args(BusinessEvent)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    whole = {
        "asyncapi": "3.0.0",
        "info": {
            "title": title,
            "version": version,
            "description": "What happens to deals, customers, projects, invoices, cases and processes: CloudEvents "
            "1.0, at least once, in order per subject. `source` and `id` tell a repetition.",
        },
        "defaultContentType": _JSON,
        "channels": {
            "events": {
                "description": "Every event, in the order of its `sequence`.",
                "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in kinds},
            },
        },
        "operations": {
            "deliverWebhook": _operation("Post to a subscriber's address.", _WEBHOOK),
            "streamEvents": _operation("Answer GET /events/v1/stream.", _STREAM),
            "streamSubscription": _operation(
                "Answer GET /events/v1/subscriptions/{subscription_id}/stream.", _SUBSCRIPTION
            ),
            "addToStream": _operation("Add to a subscriber's Redis stream.", _REDIS),
        },
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in kinds},
            "schemas": {name: portable(schema) for name, schema in sorted(schemas.items())},
        },
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _operation(summary: str, description: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": _EVENTS,
        "summary": summary,
        "description": " ".join(description.split()),
    }


def _message(kind: type[CloudEvent]) -> dict[str, Any]:
    return {
        "name": kind.__struct_config__.tag,
        "title": kind.__name__,
        "summary": inspect.getdoc(kind),
        "contentType": _JSON,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {"$ref": _REF.format(name=kind.__name__)},
    }
