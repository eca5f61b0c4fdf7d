"""Accounting periods: what is dated in one that is closed or locked is refused, and is finance's to decide.

Sources: NetSuite Help, "Accounting Periods" (a period is closed for all, or locked for receivables), "Closing a
Period"; SuiteAnalytics Connect Schema, "accountingperiod".
"""

import contextlib
import datetime as dt

from system_apis.erp.netsuite.account import Account
from system_apis.erp.netsuite.rows import IdRow
from system_apis.erp.netsuite.suiteql import day, literal
from tollway.canonical.case import Category
from tollway.problems import ProblemError, Rejected

_OPEN = (
    "SELECT p.id FROM accountingperiod p "
    "WHERE p.isyear = 'F' AND p.isquarter = 'F' AND p.closed = 'F' AND p.arlocked = 'F'"
)


async def refused(account: Account, refusal: Rejected, date: dt.date, what: str) -> Rejected:
    """Why something of this date is not saved: for its period, where that is not open, or for what NetSuite says."""
    dated = f"{day('p.startdate')} <= {literal(str(date))} AND {day('p.enddate')} >= {literal(str(date))}"
    query = f"{_OPEN} AND {dated}"
    with contextlib.suppress(ProblemError):  # then only NetSuite's own words are known
        if not await account.client.query(query, IdRow, "accounting periods"):
            said = f"No accounting period of NetSuite is open on {date}, the date of {what}: {refusal.detail}"
            return Rejected(said, category=Category.CLOSED_PERIOD)
    return refusal
