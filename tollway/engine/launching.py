"""How DBOS is set up for us, on SQLite and on PostgreSQL."""

import logging
from pathlib import Path
from typing import Any

from dbos import DBOSConfig
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from tollway.engine.serializer import JsonSerializer
from tollway.problems import ProblemError

SCHEMA = "tollway_engine"
CONNECTIONS = 8
"""To PostgreSQL, from each worker at most: a database has a hundred for all of them unless told otherwise."""


def configuration(folder: Path, url: str, executor: str, version: str) -> DBOSConfig:
    """The configuration of a worker; `url` empty keeps a SQLite file in `folder`."""
    config: DBOSConfig = {
        "name": "tollway",
        "application_version": version,
        "executor_id": executor,
        "serializer": JsonSerializer(),
        "log_level": "ERROR",
        "enable_otlp": False,
    }
    if url:
        config["system_database_url"] = postgresql(url)
        config["dbos_system_schema"] = SCHEMA
        config["sys_db_pool_size"] = CONNECTIONS
    else:
        config["system_database_url"] = _file(folder)
        config["system_database_engine"] = sqlite(folder)
    return config


def postgresql(url: str) -> str:
    """The setting `storage.url` for the driver that is installed."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def sqlite(folder: Path) -> Engine:
    """The connections to the file in `folder`, which readers and the one writer use side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = create_engine(_file(folder), connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def worth_logging(record: logging.LogRecord) -> bool:
    """Parking ends a workflow with an error on purpose; the case tells of it, the log need not."""
    return not (record.exc_info and isinstance(record.exc_info[1], ProblemError))


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / 'engine.db'}"
