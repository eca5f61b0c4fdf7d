"""Events as webhooks."""

import time

import msgspec

from tollway.canonical.event import BusinessEvent
from tollway.events.sender import Failure
from tollway.events.signing import headers
from tollway.events.subscriptions import Subscriber
from tollway.http.outside import Outside
from tollway.problems import ProblemError

MEDIA_TYPE = "application/cloudevents+json"
_GONE = 410
_ASKS_TO_WAIT = (429, 503)
_LONGEST_WAIT = 86_400.0
_MOST_SAID = 200


class Webhooks:
    """Posts each event as it is, signed by Standard Webhooks; the receiver knows a repetition by `webhook-id`."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def lane(self, event: BusinessEvent) -> str:
        return event.subject

    async def send(self, subscriber: Subscriber, event: BusinessEvent) -> Failure | None:
        body = msgspec.json.encode(event)
        signed = headers(event.id, int(time.time()), body, subscriber.secrets)
        told = {"content-type": MEDIA_TYPE, "correlation-id": event.correlationid or event.id}
        try:
            answer = await self._outside.post(subscriber.url, body, signed | told)
        except ProblemError as error:
            return Failure(error.detail[:_MOST_SAID])
        if 200 <= answer.status < 300:  # noqa: PLR2004 - a good answer
            return None
        reason = f"It answered {answer.status}: {answer.beginning}"[:_MOST_SAID]
        asked = answer.headers.get("retry-after", "") if answer.status in _ASKS_TO_WAIT else ""
        wait = min(float(asked), _LONGEST_WAIT) if asked.isascii() and asked.isdigit() else 0.0
        return Failure(reason, wait, gone=answer.status == _GONE)

    async def rewind(self, subscriber: Subscriber) -> None:
        """Nothing to do: a receiver takes an event again, and knows it by its id."""
