"""How cases and what was done to them stand in the database."""

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.record import Deed
from tollway.audit.trail import keep
from tollway.audit.vouched import CASE, DETAIL
from tollway.canonical.case import Case
from tollway.canonical.money import Money
from tollway.storage.database import insert
from tollway.storage.rows import now
from tollway.storage.tables import case_events

BY_ITSELF = "tollway"
"""Who did what nobody asked for."""
_KEPT_INSIDE = ("amount", "currency", "escalates_at", "hand")


async def moment(connection: AsyncConnection) -> dt.datetime:
    """Now, by the clock that all workers share."""
    if connection.dialect.name == "sqlite":  # whose clock is this machine's, cut to milliseconds
        return dt.datetime.now(dt.UTC)
    seconds = (await connection.execute(text(f"SELECT {now(connection.dialect)}"))).scalar_one()
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


async def note(connection: AsyncConnection, case_id: str, did: str, by: str, detail: str = "") -> None:
    """Write down what was done to a case, in the transaction that does it."""
    row = {"case_id": case_id, "at": await moment(connection), "by": by, "did": did, "detail": detail}
    await connection.execute(insert(connection, case_events).values(row))
    said = {DETAIL: hashlib.sha256(detail.encode()).hexdigest()} if detail else {}
    keep(connection, Deed(action=f"{CASE}{did.replace(' ', '_')}", about=case_id, by=by, details=said))


def case_of(row: Row[tuple[object, ...]]) -> Case:
    """The case in a row."""
    columns = {str(name): value for name, value in row._mapping.items()}  # noqa: SLF001 - its public name
    fields = {name: value for name, value in columns.items() if value is not None and name not in _KEPT_INSIDE}
    return msgspec.convert(fields | {"amount": money_of(row)}, Case)


def money_of(row: Any) -> Money | None:
    """The amount in a row's columns `amount` and `currency`."""
    return Money(amount=Decimal(row.amount), currency=row.currency) if row.amount else None


def money_columns(amount: Money | None) -> dict[str, str | None]:
    """The columns that hold an amount."""
    return {"amount": str(amount.amount) if amount else None, "currency": amount.currency if amount else None}
