"""Which ERP customer an account is, where people decided it."""

from sqlalchemy import select

from tollway.cases.rows import moment, note
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import customer_choices


class CustomerChoices:
    """Remembers them by legal entity and account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def choose(self, legal_entity: str, account_id: str, customer_id: str, *, case_id: str, by: str) -> None:
        """Remember which customer of the ERP the account is; a later decision takes the place of an earlier one."""
        async with self._database.transaction() as connection:
            chosen = {"customer_id": customer_id, "case_id": case_id, "by": by, "at": await moment(connection)}
            row = {"legal_entity": legal_entity, "account_id": account_id, **chosen}
            key = ["legal_entity", "account_id"]
            statement = insert(connection, customer_choices).values(row)
            await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=chosen))
            said = f"The account {account_id} is the customer {customer_id} of {legal_entity}."
            await note(connection, case_id, "merged", by, said)

    async def chosen(self, legal_entity: str, account_id: str) -> str:
        """The ERP's id of the customer that was chosen for an account; empty when nobody did."""
        mine = (customer_choices.c.legal_entity == legal_entity) & (customer_choices.c.account_id == account_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(customer_choices.c.customer_id).where(mine))).one_or_none()
        return row.customer_id if row else ""
