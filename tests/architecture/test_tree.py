"""What stands at the top of the repository."""

import tomllib
from pathlib import Path

FOLDERS = {
    *("system_apis", "process_apis", "experience_apis", "gateway", "policies", "openapi", "tests", "helm"),
    *("tollway", "docs", "bench", "requirements"),
}
"""The first line is the owner's; the second is what was added."""
MADE = {"node_modules", "__pycache__", "build", "dist"}
"""What tools leave behind."""


def test_the_folders_are_fixed(root: Path) -> None:
    """Nothing new stands at the top without a decision."""
    folders = {path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert {name for name in folders if not name.endswith(".egg-info")} - MADE == FOLDERS


def test_tests_are_no_package(root: Path) -> None:
    """A package among the tests would shadow the one it tests."""
    found = [path.relative_to(root) for path in (root / "tests").rglob("__init__.py")]
    assert [path for path in found if not any(part in MADE or part.startswith(".") for part in path.parts)] == []


def test_only_the_application_is_packaged(root: Path, packages: tuple[str, ...]) -> None:
    """The wheel holds the application's packages, and neither tests nor benchmarks."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    assert set(settings["tool"]["setuptools"]["packages"]["find"]["include"]) == {f"{name}*" for name in packages}
    assert set(settings["tool"]["importlinter"]["root_packages"]) == set(packages)
    assert set(settings["tool"]["mypy"]["packages"]) == set(packages)
    assert "Private :: Do Not Upload" in settings["project"]["classifiers"]
