"""A client of the org's event bus, with the session that the org's other calls have.

Source: 'Pub/Sub API Developer Guide': metadata headers with every call, schemas by their ids, which never change.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from grpc.aio import AioRpcError, Channel

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.login import Session
from system_apis.salesforce_platform.pubsub import messages
from system_apis.salesforce_platform.pubsub.changes import EventSchema
from system_apis.salesforce_platform.pubsub.errors import SETUP_SECONDS, failure, session_ended
from system_apis.salesforce_platform.pubsub.subscription import Subscription
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.problems import Unavailable

KEEP_ALIVE_MS = 60_000
"""Pause after which a silent connection is asked whether it is there."""
_OPTIONS = (
    ("grpc.keepalive_time_ms", KEEP_ALIVE_MS),
    ("grpc.max_receive_message_length", -1),  # a batch holds up to 100 events of 1 MB each
)


class EventBus:
    """Subscribes to topics of one org."""

    def __init__(self, org: OrgClient, settings: OrgSettings) -> None:
        self._org = org
        self._settings = settings
        self._channel: Channel | None = None
        self._schemas: dict[str, EventSchema] = {}

    async def subscribe(self, topic: str, replay_id: bytes) -> Subscription:
        """A subscription behind the replay id, or at the tip without one; raises Unavailable when none is allowed."""
        told = await self._ask("GetTopic", messages.TopicRequest(topic_name=topic), messages.TopicInfo)
        if not told.can_subscribe:
            raise Unavailable(f"Tollway's user may not read {topic} in Salesforce.", retry_after=SETUP_SECONDS)
        method = self._open().stream_stream(
            f"/{messages.SERVICE}/Subscribe",
            request_serializer=messages.FetchRequest.SerializeToString,
            response_deserializer=messages.FetchResponse.FromString,
        )
        return Subscription(method(metadata=_metadata(await self._org.session())), topic, replay_id)

    async def schema(self, schema_id: str) -> EventSchema:
        """The schema of that id, asked for once; an event whose object has changed names another."""
        if schema_id not in self._schemas:
            told = await self._ask("GetSchema", messages.SchemaRequest(schema_id=schema_id), messages.SchemaInfo)
            self._schemas[schema_id] = EventSchema(told.schema_json)
        return self._schemas[schema_id]

    async def close(self) -> None:
        """Close the connection."""
        if self._channel:
            await self._channel.close()

    async def _ask(self, name: str, request: Any, answer: Any) -> Any:
        """Call a method that answers once, with a new session if the old one ended."""
        method = self._open().unary_unary(
            f"/{messages.SERVICE}/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        seconds, session = self._settings.timeout_seconds, await self._org.session()
        try:
            return await method(request, metadata=_metadata(session), timeout=seconds)
        except AioRpcError as error:
            if not session_ended(error):
                raise failure(error) from error
        session = await self._org.session(session)
        try:
            return await method(request, metadata=_metadata(session), timeout=seconds)
        except AioRpcError as error:
            raise failure(error) from error

    def _open(self) -> Channel:
        """The one connection, which mends itself."""
        if self._channel is None:
            address = urlsplit(self._settings.events_url)
            if address.scheme == "http":
                options = (*_OPTIONS, ("grpc.enable_http_proxy", 0))
                self._channel = grpc.aio.insecure_channel(address.netloc, options=options)
            else:
                trusted = self._settings.certificate_authority
                roots = Path(trusted).read_bytes() if trusted else None
                credentials = grpc.ssl_channel_credentials(roots)
                self._channel = grpc.aio.secure_channel(address.netloc, credentials, options=_OPTIONS)
        return self._channel


def _metadata(session: Session) -> Sequence[tuple[str, str]]:
    return (
        ("accesstoken", session.access_token),
        ("instanceurl", session.instance_url),
        ("tenantid", session.organization_id),
    )
