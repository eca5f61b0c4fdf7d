"""Steps that people have a parked process leave out."""

from sqlalchemy import select

from tollway import context
from tollway.cases.rows import moment, note
from tollway.storage import Database
from tollway.storage.database import insert_new
from tollway.storage.tables import case_skips


class Skips:
    """Remembers them by process and step; a process asks within the step itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def skip(self, process_id: str, step: str, reason: str, *, case_id: str, by: str) -> None:
        """Have a process leave a step out from now on."""
        async with self._database.transaction() as connection:
            skipped = {"process_id": process_id, "step": step, "case_id": case_id, "by": by}
            await insert_new(connection, case_skips, skipped | {"at": await moment(connection)})
            await note(connection, case_id, "skipped", by, f"{step}: {reason}" if reason else step)

    async def skipped(self, step: str) -> bool:
        """Whether the process that is running is to leave a step out."""
        mine = (case_skips.c.process_id == context.current().process_id) & (case_skips.c.step == step)
        async with self._database.transaction() as connection:
            return (await connection.execute(select(case_skips.c.step).where(mine))).first() is not None
