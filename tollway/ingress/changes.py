"""What pollers find and subscribers are told, kept as notices like all others."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tollway.canonical.change_event import ChangeEvent
from tollway.canonical.notice import Notice
from tollway.canonical.record import Change
from tollway.ingress.drainer import Handler
from tollway.ingress.inbox import Inbox

Handle = Callable[[Change], Awaitable[None]]


def keeping(inbox: Inbox, kind: str, what: str) -> Handle:
    """Keeps each change that a poller finds as a notice of type `what`, once however often it is found."""
    source = f"{kind}-poll"

    async def keep(change: Change) -> None:
        event_id = f"{change.id}@{change.at.isoformat()}"
        body = msgspec.json.encode(change).decode()
        notice = Notice(
            source=source,
            event_id=event_id,
            kind=kind,
            type=what,
            subject=change.id,
            body=body,
            occurred_at=change.at,
        )
        await inbox.store(notice)

    return keep


def keeping_events(inbox: Inbox, kind: str, what: str) -> Callable[[Sequence[ChangeEvent]], Awaitable[None]]:
    """Keeps change events as notices of type `what`, each once however often it is told."""
    source = f"{kind}-events"

    async def keep(events: Sequence[ChangeEvent]) -> None:
        notices = [
            Notice(
                source=source,
                event_id=event.id,
                kind=kind,
                type=what,
                subject=event.subject,
                body=msgspec.json.encode(Change(id=event.subject, at=event.at)).decode(),
                occurred_at=event.at,
            )
            for event in events
        ]
        if notices:
            await inbox.store(*notices)

    return keep


def taking(handle: Handle) -> Handler:
    """Handles the change that such a notice tells of."""

    async def take(notice: Notice) -> None:
        await handle(msgspec.json.decode(notice.body, type=Change))

    return take
