"""The messages of the Pub/Sub API on the wire: the part of its protocol that a subscriber needs.

Source: 'Pub/Sub API Developer Guide: Pub/Sub API as a gRPC API', its protocol `eventbus.v1`. The messages are built
when this module is loaded, so that no generated code has to be kept. Fields that are left out here stay unread.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "eventbus.v1"
SERVICE = f"{PACKAGE}.PubSub"
LATEST, EARLIEST, CUSTOM = 0, 1, 2
"""Where a subscription starts: at the tip, at the oldest event kept, or behind a replay id."""
_Field = FieldDescriptorProto
_SCALARS = {"string": _Field.TYPE_STRING, "bytes": _Field.TYPE_BYTES, "bool": _Field.TYPE_BOOL}
_SCALARS |= {"int32": _Field.TYPE_INT32, "preset": _Field.TYPE_ENUM}
_MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "TopicRequest": {"topic_name": (1, "string")},
    "TopicInfo": {
        "topic_name": (1, "string"),
        "tenant_guid": (2, "string"),
        "can_publish": (3, "bool"),
        "can_subscribe": (4, "bool"),
        "schema_id": (5, "string"),
        "rpc_id": (6, "string"),
    },
    "SchemaRequest": {"schema_id": (1, "string")},
    "SchemaInfo": {"schema_json": (1, "string"), "schema_id": (2, "string"), "rpc_id": (3, "string")},
    "ProducerEvent": {"id": (1, "string"), "schema_id": (2, "string"), "payload": (3, "bytes")},
    "ConsumerEvent": {"event": (1, "ProducerEvent"), "replay_id": (2, "bytes")},
    "FetchRequest": {
        "topic_name": (1, "string"),
        "replay_preset": (2, "preset"),
        "replay_id": (3, "bytes"),
        "num_requested": (4, "int32"),
    },
    "FetchResponse": {
        "events": (1, "*ConsumerEvent"),
        "latest_replay_id": (2, "bytes"),
        "rpc_id": (3, "string"),
        "pending_num_requested": (4, "int32"),
    },
}
"""Every message's fields by their numbers and kinds; a star stands before what is repeated."""


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="tollway/pubsub.proto", package=PACKAGE, syntax="proto3")
    presets = file.enum_type.add(name="ReplayPreset")
    for number, name in enumerate(("LATEST", "EARLIEST", "CUSTOM")):
        presets.value.add(name=name, number=number)
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
            field = described.field.add(name=name, number=number, label=label)
            field.type = _SCALARS.get(kind, _Field.TYPE_MESSAGE)
            if field.type == _Field.TYPE_MESSAGE:
                field.type_name = f".{PACKAGE}.{kind.removeprefix('*')}"
            elif field.type == _Field.TYPE_ENUM:
                field.type_name = f".{PACKAGE}.ReplayPreset"
    return file


_POOL = DescriptorPool()
_POOL.Add(_file())


def _message(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


TopicRequest = _message("TopicRequest")
TopicInfo = _message("TopicInfo")
SchemaRequest = _message("SchemaRequest")
SchemaInfo = _message("SchemaInfo")
ProducerEvent = _message("ProducerEvent")
ConsumerEvent = _message("ConsumerEvent")
FetchRequest = _message("FetchRequest")
FetchResponse = _message("FetchResponse")
