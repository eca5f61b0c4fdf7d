"""The Pub/Sub API: GetTopic, GetSchema and Subscribe over gRPC.

Sources: 'Pub/Sub API Developer Guide: Subscribe RPC Method, Handle Errors, Pub/Sub API and Event Allocations'.
"""

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import grpc
import grpc.aio

from system_apis.salesforce_platform.pubsub import messages
from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.pubsub.bus import Bus, Event
from system_apis.salesforce_platform.sandbox.pubsub.options import EventOptions
from system_apis.salesforce_platform.sandbox.sessions import Sessions

CODES = "sfdc.platform.eventbus.grpc."
MOST = 100
Context = grpc.aio.ServicerContext[Any, Any]


class EventServer:
    """Serves an org's bus on a port of its own."""

    def __init__(self, org: Org, sessions: Sessions, bus: Bus, options: EventOptions) -> None:
        self._org = org
        self._sessions = sessions
        self._bus = bus
        self._options = options

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serve until the block ends, which cuts every call."""
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((self._handlers(),))
        address = f"127.0.0.1:{self._options.port}"
        if self._options.certificate:
            certificate, key = (path.read_bytes() for path in self._options.certificate)
            server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
        else:
            server.add_insecure_port(address)
        await server.start()
        try:
            yield
        finally:
            await server.stop(grace=None)

    def _handlers(self) -> grpc.GenericRpcHandler:
        handlers = {
            "GetTopic": grpc.unary_unary_rpc_method_handler(
                self._topic, messages.TopicRequest.FromString, messages.TopicInfo.SerializeToString
            ),
            "GetSchema": grpc.unary_unary_rpc_method_handler(
                self._schema, messages.SchemaRequest.FromString, messages.SchemaInfo.SerializeToString
            ),
            "Subscribe": grpc.stream_stream_rpc_method_handler(
                self._subscribe, messages.FetchRequest.FromString, messages.FetchResponse.SerializeToString
            ),
        }
        return grpc.method_handlers_generic_handler(messages.SERVICE, handlers)

    async def _topic(self, request: Any, context: Context) -> Any:
        await self._authenticate(context)
        schema_id = await self._known(request.topic_name, context)
        return messages.TopicInfo(
            topic_name=request.topic_name,
            tenant_guid=self._org.id,
            can_subscribe=True,
            schema_id=schema_id,
            rpc_id=str(uuid.uuid4()),
        )

    async def _schema(self, request: Any, context: Context) -> Any:
        await self._authenticate(context)
        written = self._bus.schema(request.schema_id)
        if written is None:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "schema.validation.failed")
        return messages.SchemaInfo(schema_json=written, schema_id=request.schema_id, rpc_id=str(uuid.uuid4()))

    async def _subscribe(self, requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        await self._authenticate(context)
        first = await anext(requests)
        await self._known(first.topic_name, context)
        place = await self._start(first, context)
        demand = _Demand(first)
        asking = asyncio.create_task(demand.follow(requests))
        spoken = time.monotonic()
        try:
            while not demand.refused:
                published = self._bus.published
                events = self._bus.behind(first.topic_name, place, demand.owed)
                if not events and time.monotonic() - spoken < self._options.keep_alive:
                    await _either(published, demand.changed, self._options.keep_alive - (time.monotonic() - spoken))
                    continue
                demand.owed -= len(events)
                last = events[-1] if events else self._bus.tip()
                place, spoken = last.place, time.monotonic()
                yield _response(events, last, demand.owed)
        finally:
            asking.cancel()
        await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, demand.refused)

    async def _start(self, first: Any, context: Context) -> int:
        """The place behind which to deliver."""
        if first.replay_preset == messages.LATEST:
            return self._bus.tip().place
        if first.replay_preset == messages.EARLIEST:
            return 0
        if not first.replay_id:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.validation.failed")
        place = self._bus.place_of(first.replay_id)
        if place is None:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted")
        return place

    async def _known(self, topic: str, context: Context) -> str:
        schema_id = self._bus.schema_of(topic)
        if schema_id is None:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, "topic.not.found")
        return schema_id

    async def _authenticate(self, context: Context) -> None:
        given = {str(name): str(value) for name, value in context.invocation_metadata() or ()}
        if not all(given.get(name) for name in ("accesstoken", "instanceurl", "tenantid")):
            await _refuse(context, grpc.StatusCode.UNAUTHENTICATED, "service.auth.headers.invalid")
        try:
            self._sessions.check(f"Bearer {given['accesstoken']}")
        except ApiError:
            await _refuse(context, grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")
        if given["tenantid"] != self._org.id:
            await _refuse(context, grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")


class _Demand:
    """How many events a subscriber is still to get."""

    def __init__(self, first: Any) -> None:
        self._topic = first.topic_name
        self.owed = 0
        self.refused = ""
        """Why the call ends, as an error code."""
        self.changed = asyncio.Event()
        self._add(first)

    async def follow(self, requests: AsyncIterator[Any]) -> None:
        """Take every further request."""
        async for request in requests:
            self._add(request)

    def _add(self, request: Any) -> None:
        if request.num_requested <= 0:
            self.refused = "subscription.fetch.requested.events.invalid"
        elif request.topic_name not in ("", self._topic):
            self.refused = "subscription.fetch.topic.mismatch"
        self.owed = min(self.owed + max(request.num_requested, 0), MOST)
        self.changed.set()


async def _either(published: asyncio.Event, changed: asyncio.Event, seconds: float) -> None:
    """Wait for an event, for more demand, or for so long."""
    changed.clear()
    waiting = [asyncio.create_task(one.wait()) for one in (published, changed)]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _response(events: list[Event], last: Event, owed: int) -> Any:
    delivered = [
        messages.ConsumerEvent(
            event=messages.ProducerEvent(
                id=event.id, schema_id=event.schema_id, payload=base64.b64decode(event.payload)
            ),
            replay_id=bytes.fromhex(event.replay_id),
        )
        for event in events
    ]
    return messages.FetchResponse(
        events=delivered,
        latest_replay_id=bytes.fromhex(last.replay_id),
        rpc_id=str(uuid.uuid4()),
        pending_num_requested=owed,
    )


async def _refuse(context: Context, status: grpc.StatusCode, code: str) -> NoReturn:
    words = f"The call is refused. rpcId: {uuid.uuid4()}"
    await context.abort(status, words, (("error-code", CODES + code),))
    raise AssertionError  # abort never returns
