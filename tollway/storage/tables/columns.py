"""What all tables are made of."""

import datetime as dt

from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator

metadata = MetaData()


class Moment(TypeDecorator[dt.datetime]):
    """A UTC moment; SQLite, which forgets time zones, gets it back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return value if value is None or value.tzinfo else value.replace(tzinfo=dt.UTC)
