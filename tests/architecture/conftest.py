"""The source tree, for tests of its shape."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tollway", "policies", "gateway", "system_apis", "process_apis", "experience_apis")


@pytest.fixture
def root() -> Path:
    """The top of the repository."""
    return ROOT


@pytest.fixture
def packages() -> tuple[str, ...]:
    """The packages that the application is made of."""
    return PACKAGES


@pytest.fixture
def sources() -> dict[str, str]:
    """Every module of the application by its path; migrations are records of what was, and stay as they are."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    kept = (path for path in paths if "migrations" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in kept}
