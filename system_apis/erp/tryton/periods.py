"""Accounting periods: what is dated in one that is not open is refused, and is finance's to decide.

Tryton words its refusals in the language of the user who is logged in, so they are not read: the period is.
"""

import contextlib
import datetime as dt
from typing import Any

from system_apis.erp.tryton.account import Account
from system_apis.erp.tryton.models import Id
from tollway.canonical.case import Category
from tollway.problems import ProblemError, Rejected

PERIOD = "account.period"


async def refused(account: Account, refusal: Rejected, company: int, date: dt.date, what: str) -> Rejected:
    """Why something of this date is not posted: for its period, where that is not open, or for what Tryton says."""
    domain: list[Any] = [
        ("fiscalyear.company", "=", company),
        ("type", "=", "standard"),
        ("start_date", "<=", date),
        ("end_date", ">=", date),
        ("state", "=", "open"),
    ]
    with contextlib.suppress(ProblemError):  # then only Tryton's own words are known
        if not await account.read(Id, PERIOD, domain, company=company, limit=1):
            said = f"No accounting period of Tryton is open on {date}, the date of {what}: {refusal.detail}"
            return Rejected(said, category=Category.CLOSED_PERIOD)
    return Rejected(f"Tryton does not post {what}: {refusal.detail}", category=Category.PLATFORM_REFUSED)
