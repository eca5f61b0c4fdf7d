"""What a fresh account holds, read from seed.yaml."""

import calendar
import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from system_apis.erp.netsuite.sandbox.incoming import BodyReader, Strictness
from system_apis.erp.netsuite.sandbox.records import Records


def plant(records: Records) -> None:
    """Fill an account that holds nothing yet."""
    if records.all("subsidiary"):
        return
    reader = BodyReader(records, Strictness(names=True, values=True))
    with records.state.transaction():
        for name, bodies in _document()["records"].items():
            kind = records.type_of(name)
            for body in bodies:
                records.insert(kind, {"isInactive": False} | reader.record(kind, body))
        _plant_periods(records)


def default_tax_codes() -> dict[str, str]:
    """The tax code's name by the country of the subsidiary."""
    return dict(_document()["default_tax_codes"])


def _plant_periods(records: Records) -> None:
    kind, years = records.type_of("accountingPeriod"), _document()["accounting_periods"]
    for year in range(years["from"], years["to"] + 1):
        for month in range(1, 13):
            first = dt.date(year, month, 1)
            last = first.replace(day=calendar.monthrange(year, month)[1])
            period = {"periodName": first.strftime("%b %Y"), "startDate": str(first), "endDate": str(last)}
            records.insert(kind, period | {"closed": False, "arLocked": False, "isQuarter": False, "isYear": False})


@cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = msgspec.yaml.decode((Path(__file__).parent / "seed.yaml").read_text("utf-8"))
    return loaded
