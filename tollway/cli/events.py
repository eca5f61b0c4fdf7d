"""Events put together: the log, who subscribes to it, and what delivers it."""

import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from process_apis.event_delivery.service import EventDelivery
from tollway.background import Background, Repeated
from tollway.canonical.subscription import Channel
from tollway.cases import Cases
from tollway.engine import ProcessEvent
from tollway.events import happenings
from tollway.events.delivery import Delivery
from tollway.events.failures import Failures
from tollway.events.log import EventLog
from tollway.events.readers import Readers
from tollway.events.retention import EventRetention
from tollway.events.sender import Sender
from tollway.events.signing import Seal
from tollway.events.subscriptions import Subscriptions
from tollway.events.undelivered import Undelivered
from tollway.events.webhooks import Webhooks
from tollway.http.outside import Outside
from tollway.identity import Identity
from tollway.problems import StartupError
from tollway.settings import Settings
from tollway.storage import Database
from tollway.storage.leases import Leases

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from redis.asyncio import Redis


class EventParts:
    """The parts that every process service, or event delivery alone, needs of events."""

    def __init__(self, settings: Settings, database: Database, identity: Identity) -> None:
        self._settings = settings
        self._database = database
        self.log = EventLog(database, settings.events.source)
        seal = Seal(identity.derived("event subscriptions"))
        self._subscriptions = Subscriptions(database, seal, settings.events.rotation_hours)
        self._failures = Failures(database)

    async def finished(self, process: ProcessEvent) -> None:
        """Tell that a process went through."""
        await self.log.tell(happenings.process_finished(process.process, process.process_id, process.subject))

    def port(self) -> EventDelivery:
        """What the handlers of event delivery depend on."""
        channels = [one for one in Channel if self._settings.redis.url or one is not Channel.REDIS_STREAM]
        readers = Readers(self._database)
        return EventDelivery(self.log, self._subscriptions, readers, self._failures, self._outside, channels)

    def background(self, cases: Cases) -> Sequence[Background]:
        """What delivers events, tells of those that nobody takes, and forgets old ones."""
        given = self._settings.events
        senders: dict[Channel, Sender] = {Channel.WEBHOOK: Webhooks(self._outside)}
        redis = _redis(self._settings.redis.url) if self._settings.redis.url else None
        if redis is not None:
            from tollway.events.redis_streams import RedisStreams  # noqa: PLC0415 - see above

            senders[Channel.REDIS_STREAM] = RedisStreams(redis, given.redis_length)
        leases = Leases(self._database, f"events-{secrets.token_hex(8)}")
        delivery = Delivery(self.log, self._subscriptions, self._failures, leases, senders, given)
        delivering = _Delivering(delivery, given.seconds, self._outside, redis)
        forgetting = EventRetention(self._database, given.keep_days)
        return [delivering, Undelivered(self._database, cases).repeated(), forgetting.repeated()]

    @cached_property
    def _outside(self) -> Outside:
        try:
            return Outside(self._settings.events.allowed_networks, timeout=self._settings.events.timeout)
        except ValueError as error:
            raise StartupError(f"The setting events.allowed_networks is wrong: {error}.") from error


class _Delivering(Repeated):
    """Delivery, again and again; its connections end with it."""

    def __init__(self, delivery: Delivery, pause: float, outside: Outside, redis: "Redis | None") -> None:
        super().__init__("event delivery", delivery.turn, pause)
        self._delivery = delivery
        self._outside = outside
        self._redis = redis

    async def stop(self) -> None:
        await super().stop()
        await self._delivery.stop()
        await self._outside.close()
        if self._redis is not None:
            await self._redis.aclose()


def _redis(url: str) -> "Redis":
    from redis.asyncio import Redis  # noqa: PLC0415 - see above

    return Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5)
