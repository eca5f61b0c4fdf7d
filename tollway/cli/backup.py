"""`tollway backup` and `tollway restore`."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tollway.cli.app import DEFAULT, Config
from tollway.settings import load

Replace = Annotated[bool, Parameter(help="Give up what is there for what the backup holds.", negative="")]


def backup(file: Path, /, *, config: Config = DEFAULT) -> None:
    """Write all that Tollway keeps, as it is at one moment, into the new FILE; the system may run."""
    from tollway.backup.backup import back_up  # noqa: PLC0415 - the databases' libraries are loaded where they are used

    settings = load(config)
    made = back_up(settings.folder, settings.storage.url, file)
    rows, size = sum(made.rows.values()), file.stat().st_size
    print(f"{file}: {rows} rows of {len(made.rows)} tables as of {made.made_at:%Y-%m-%d %H:%M:%S} UTC, {size} bytes.")
    print(f"The audit's head is {made.audit_head}")


def restore(file: Path, /, *, config: Config = DEFAULT, replace: Replace = False) -> None:
    """Put back what FILE holds, all of it or nothing; the system must not run.

    From then on the system reconciles: nothing that its records do not know counts as not done, until a
    reconciliation of the time since the backup finds nothing amiss.
    """
    from tollway.backup.restore import restore as restored  # noqa: PLC0415 - as above

    settings = load(config)
    manifest = asyncio.run(restored(settings.folder, settings.storage.url, file, replace=replace))
    print(f"Restored as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; what happened since is reconciled once it runs.")
