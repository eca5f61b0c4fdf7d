"""What is known of deals and projects that decides whose desk their cases land on."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.money import Money
from tollway.cases.rows import money_columns, money_of
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import case_matters


class Matter(msgspec.Struct, frozen=True):
    """Whose deal it is and what it is worth, as far as anybody knows."""

    legal_entity: str = ""
    amount: Money | None = None


class Matters:
    """Remembers them by deal and project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, subject: str, legal_entity: str, amount: Money | None) -> None:
        """Remember whose a deal or project is and what it is worth."""
        known = {"legal_entity": legal_entity, **money_columns(amount)}
        async with self._database.transaction() as connection:
            statement = insert(connection, case_matters).values(subject=subject, **known)
            await connection.execute(statement.on_conflict_do_update(index_elements=["subject"], set_=known))


async def matter_of(connection: AsyncConnection, subject: str) -> Matter:
    """What is known of a deal or project."""
    row = (await connection.execute(select(case_matters).where(case_matters.c.subject == subject))).one_or_none()
    return Matter(row.legal_entity, money_of(row)) if row else Matter()
