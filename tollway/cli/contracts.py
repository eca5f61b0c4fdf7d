"""`tollway openapi`: write the published contracts from the handlers."""

from pathlib import Path

from tollway.cli.catalogue import SERVICES
from tollway.contracts.document import as_yaml, document


def contracts() -> dict[str, str]:
    """Every contract's text by its file, below the folder of contracts."""
    return {
        entry.contract(name): as_yaml(document(f"Tollway {entry.title} API", f"{entry.major}.0.0", entry.handlers))
        for name, entry in SERVICES.items()
    }


def write(folder: Path) -> list[str]:
    """Write them all, remove what is no contract any more; answers the files that changed."""
    changed, wanted = [], contracts()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    for path in folder.rglob("*.yaml"):
        if str(path.relative_to(folder)) not in wanted:
            path.unlink()
            changed.append(str(path.relative_to(folder)))
    return changed
