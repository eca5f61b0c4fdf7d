"""Making an archive of a system, which may run meanwhile."""

import sqlite3
import tempfile
from pathlib import Path

import psycopg

from tollway.backup import archive, postgresql, sqlite
from tollway.backup.manifest import Manifest
from tollway.problems import StartupError


def back_up(state: Path, url: str, file: Path) -> Manifest:
    """Write all that is kept in the folder `state`, or at `url`, into a new file; raises StartupError."""
    if file.exists():
        raise StartupError(f"There is a file {file} already.")
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=f".{file.name}.") as made:
            folder = Path(made)
            manifest = postgresql.take(url, folder) if url else sqlite.take(state, folder)
            archive.write(file, manifest, folder)
    except (psycopg.Error, sqlite3.Error) as error:
        raise StartupError(f"The database cannot be backed up: {error}".splitlines()[0]) from error
    except OSError as error:
        raise StartupError(f"{file} cannot be written: {error.strerror or error}.") from error
    return manifest
