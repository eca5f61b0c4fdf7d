"""The published contracts: `tollway openapi` writes them, `tollway contracts` checks and releases them."""

import shutil
import sys
from pathlib import Path
from typing import Any

from gateway.versions import CHANGES
from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.contracts import changes
from tollway.contracts.asyncapi import document as asyncapi_document
from tollway.contracts.document import as_yaml, document
from tollway.contracts.published import read

FROZEN = frozenset(change.contract for change in CHANGES.values())
"""The contracts of versions that no handler has any more: published once, and kept as they are."""
EVENTS = "events.v1.asyncapi.yaml"
"""The AsyncAPI document, beside the folders of the OpenAPI ones."""
RELEASED = "released"
"""The folder, below that of the contracts, with those of the last release."""


def contracts() -> dict[str, str]:
    """The text of every contract that handlers have, by its file below the folder of contracts."""
    return {
        entry.contract(name): as_yaml(document(f"Tollway {entry.title} API", f"{entry.major}.0.0", entry.handlers))
        for name, entry in SERVICES.items()
    }


def asyncapi() -> dict[str, str]:
    """The text of the document of everything that subscribers are told, by its file below the folder of contracts."""
    return {EVENTS: as_yaml(asyncapi_document("Tollway events", "1.0.0"))}


def files(folder: Path) -> list[str]:
    """Every OpenAPI document in the folder, but for those of the last release, which stand a level lower."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*.yaml"))


def write(folder: Path) -> list[str]:
    """Write them all, remove what is no contract any more but for the frozen; answers the files that changed."""
    changed, wanted = [], contracts() | asyncapi()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    for name in files(folder):
        if name not in FROZEN and name not in wanted:
            (folder / name).unlink()
            changed.append(name)
    return changed


def check(*, folder: Path = CONTRACTS) -> None:
    """Write the contracts; fail when that changes any, or when one breaks the callers of the last release."""
    drifted, broken = write(folder), _broken(folder)
    for file in drifted:
        print(f"{file}: was not what the handlers say; it is now, so read the difference and commit it")
    for change in broken:
        print(change)
    if drifted or broken:
        sys.exit(1)
    against = len(files(folder / RELEASED))
    print(f"{len(files(folder))} contracts are what the handlers say and keep to the {against} of the last release.")


def release(*, folder: Path = CONTRACTS) -> None:
    """Keep the contracts as those of the release, unless one breaks the callers of the release before."""
    if broken := _broken(folder):
        print(*broken, sep="\n")
        sys.exit(1)
    shutil.rmtree(folder / RELEASED, ignore_errors=True)
    for file in files(folder):
        (folder / RELEASED / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, folder / RELEASED / file)
    print(f"{len(files(folder))} contracts are kept as those of the release.")


def _broken(folder: Path) -> list[str]:
    found = changes.breaking(_documents(folder / RELEASED), _documents(folder))
    return [f"{file}{change}" for file, listed in found.items() for change in listed]


def _documents(folder: Path) -> dict[str, dict[str, Any]]:
    return {file: read(folder / file) for file in files(folder)}
