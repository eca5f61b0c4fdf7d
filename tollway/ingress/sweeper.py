"""Forgets notices that were settled long ago."""

import datetime as dt

from sqlalchemy import delete, select

from tollway.background import Repeated
from tollway.canonical.notice import NoticeStatus
from tollway.storage import Database
from tollway.storage.tables import notices

KEPT = dt.timedelta(days=90)
"""Age up to which notices are kept: no platform sends one again, and no poller reaches back, nearly that far."""
SETTLED = (NoticeStatus.DONE, NoticeStatus.UNHANDLED, NoticeStatus.SKIPPED)
MOST = 1000
"""Notices that one transaction deletes: whoever stores never waits for long."""
PAUSE = 3600.0


async def sweep(database: Database, kept: dt.timedelta = KEPT, most: int = MOST) -> int:
    """Delete at most so many notices that were settled and are older; answers how many there were."""
    old = notices.c.received_at < dt.datetime.now(dt.UTC) - kept
    # The oldest come first by their ids, so that the look ends at the first that is to stay.
    first = select(notices.c.id).where(notices.c.status.in_(SETTLED) & old).order_by(notices.c.id).limit(most)
    async with database.transaction() as connection:
        return (await connection.execute(delete(notices).where(notices.c.id.in_(first)))).rowcount


def sweeping(database: Database) -> Repeated:
    """Sweeps now and then, each time until nothing is left."""

    async def turn() -> None:
        while await sweep(database) == MOST:
            pass

    return Repeated("notices sweeper", turn, PAUSE)
