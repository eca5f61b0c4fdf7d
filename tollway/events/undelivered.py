"""Cases of subscriptions that are given up on: open while there are dead letters, or a receiver is said to be gone."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from sqlalchemy import exists, func, or_, select

from tollway.background import Repeated
from tollway.canonical.case import Category
from tollway.canonical.subscription import SubscriptionStatus
from tollway.cases import Cases
from tollway.cases.cases import UNSETTLED
from tollway.events.failures import DEAD
from tollway.problems import Rejected
from tollway.storage import Database
from tollway.storage.tables import cases, event_deliveries, event_subscriptions

PROCESS = "event-delivery"
"""What cases say that found it."""
_IDENTITY = "subscription:"
_PAUSE = 15.0
_S, _D = event_subscriptions.c, event_deliveries.c


class _GivenUp(msgspec.Struct, frozen=True):
    """A subscription that something was given up of."""

    id: str
    owner: str
    name: str
    status: str
    said: str
    """Why its receiver is said to be gone."""
    dead: int
    reason: str
    """Why a dead letter was not taken."""
    failed_at: dt.datetime | None

    @property
    def case(self) -> str:
        """The lasting identity of its case."""
        return _IDENTITY + self.id

    def words(self) -> str:
        """What its case says."""
        whose = f"The subscription “{self.name}” of {self.owner}"
        if self.status == SubscriptionStatus.DISABLED:
            return f"{whose} is disabled. {self.said}"
        events = "an event" if self.dead == 1 else f"{self.dead} events"
        return f"{whose} did not take {events}, however often tried. {self.reason}"


class Undelivered:
    """Looks which subscriptions these are."""

    def __init__(self, database: Database, opened: Cases) -> None:
        self._database = database
        self._cases = opened

    def repeated(self) -> Repeated:
        """Looks again and again."""
        return Repeated("undelivered events", self.look, _PAUSE)

    async def look(self) -> None:
        """Open a case for whatever was given up since its last one was closed, and close those that are mended."""
        given_up, closed, still_open = await self._given_up()
        for one in given_up:
            last = closed.get(one.case)
            if one.case not in still_open and (last is None or (one.failed_at and one.failed_at > last)):
                failed = Rejected(one.words(), category=Category.DELIVERY_FAILED)
                await self._cases.park(PROCESS, one.case, one.id, failed)
        for mended in still_open.difference(one.case for one in given_up):
            await self._cases.resolve(mended)

    async def _given_up(self) -> tuple[Sequence[_GivenUp], dict[str, dt.datetime], set[str]]:
        """What is given up, when the last case of each was closed, and the cases that are open."""
        those = _D.subscription_id == _S.id
        dead = select(func.count()).where(those, _D.status == DEAD).scalar_subquery()
        reason = select(func.coalesce(func.max(_D.reason), "")).where(those, _D.status == DEAD).scalar_subquery()
        failed_at = select(func.max(_D.failed_at)).where(those).scalar_subquery()
        bad = or_(_S.status == SubscriptionStatus.DISABLED, exists().where(those, _D.status == DEAD))
        query = select(
            _S.id, _S.owner, _S.name, _S.status, _S.reason.label("said"), dead.label("dead"), reason.label("reason"),
            failed_at.label("failed_at"),
        ).where(bad)  # fmt: skip
        async with self._database.transaction() as connection:
            given_up = [msgspec.convert(row, _GivenUp, from_attributes=True) for row in await connection.execute(query)]
            asked = cases.c.status.in_(UNSETTLED) | cases.c.process_id.in_([one.case for one in given_up])
            ours = select(cases.c.process_id, cases.c.status, cases.c.closed_at).where(
                cases.c.process == PROCESS, asked
            )
            known = (await connection.execute(ours.order_by(cases.c.closed_at))).all()
        closed = {row.process_id: row.closed_at for row in known if row.closed_at}
        return given_up, closed, {row.process_id for row in known if row.status in UNSETTLED}
