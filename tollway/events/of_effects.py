"""The events that settled effects are: which effect tells what, by the kind that its identity begins with."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.customer import Customer
from tollway.canonical.invoice import CreditNote, Invoice
from tollway.effects.record import EffectRecord
from tollway.events import happenings
from tollway.events.log import EventLog, Happening

TOLD: Mapping[str, tuple[type[Any], Callable[[Any, str], Happening]]] = {
    "customer": (Customer, happenings.customer_onboarded),
    "invoice-posting": (Invoice, happenings.invoice_posted),
    "credit-note": (CreditNote, happenings.invoice_credited),
}
"""By kind: what the platform answered, and what that tells."""


class EventsOfEffects:
    """Observes effects, and tells in the transaction that settles one what came of it."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def __call__(self, connection: AsyncConnection, effect: EffectRecord) -> None:
        """Tell what the effect brought about, where that is an event."""
        told = TOLD.get(effect.identity.partition(":")[0])
        if told is None or effect.result is None:
            return
        kind, happening = told
        answered = msgspec.json.decode(effect.result, type=kind)
        await self._log.append(connection, [happening(answered, effect.process_id or effect.identity)])
