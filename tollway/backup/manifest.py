"""What an archive says of itself."""

import datetime as dt
import enum
import importlib.metadata

import msgspec

FORMAT = 1
NAME = "manifest.json"


class Form(enum.StrEnum):
    """The kind of database whose contents it holds."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive."""

    name: str
    """Its name in the archive: `tollway.effects.copy.gz`."""
    sha256: str
    bytes: int
    table: str = ""
    """The table whose rows it holds; a SQLite file holds all of them."""
    columns: list[str] = []


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The archive, without its contents."""

    format: int = FORMAT
    form: Form
    release: str
    """The release of Tollway that made it."""
    made_at: dt.datetime
    """The moment whose state it holds, by the database's clock."""
    revision: str
    """The latest change of the business tables."""
    engine_version: int
    """The latest change of the engine's tables."""
    audit_head: str
    """The head of the audit's chain."""
    rows: dict[str, int]
    """How many each table has."""
    sequences: dict[str, int] = {}
    """The last number that each column has given out."""
    parts: list[Part]
    """In the order in which they can be put back."""


def release() -> str:
    """The release of Tollway that runs."""
    return importlib.metadata.version("tollway")
