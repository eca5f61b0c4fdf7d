"""Events as Redis Streams."""

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from tollway.canonical.event import BusinessEvent
from tollway.events.sender import Failure
from tollway.events.subscriptions import Subscriber
from tollway.problems import Unavailable


class RedisStreams:
    """Adds each event to the subscriber's stream under its place in the log, so that it stands there once."""

    def __init__(self, redis: Redis, length: int) -> None:
        """`length`: how many events a stream keeps, about."""
        self._redis = redis
        self._length = length

    def lane(self, event: BusinessEvent) -> str:  # noqa: ARG002 - a stream has one order
        return ""

    async def send(self, subscriber: Subscriber, event: BusinessEvent) -> Failure | None:
        entry = {"id": event.id, "type": event.__struct_config__.tag, "event": msgspec.json.encode(event)}
        place = f"{int(event.sequence)}-0"
        try:
            await self._redis.xadd(subscriber.stream, entry, id=place, maxlen=self._length, approximate=True)  # type: ignore[arg-type]  # a dict is invariant
        except ResponseError as error:
            if "equal or smaller" not in str(error):  # Redis tells its errors apart by their words alone
                raise _away(error) from error
        except (RedisError, OSError) as error:
            raise _away(error) from error
        return None

    async def rewind(self, subscriber: Subscriber) -> None:
        """Empty the stream: Redis takes nothing before its last entry; groups stay, and set themselves back."""
        try:
            if await self._redis.exists(subscriber.stream):
                await self._redis.xtrim(subscriber.stream, maxlen=0, approximate=False)
                await self._redis.execute_command("XSETID", subscriber.stream, f"{subscriber.position}-0")  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise _away(error) from error


def _away(error: Exception) -> Unavailable:
    return Unavailable(f"Redis does not take events at present ({type(error).__name__}).", retry_after=1)
