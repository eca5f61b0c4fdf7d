"""The direction of imports, as the contracts of pyproject.toml have it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

VIOLATIONS = {
    "Layers call one another over HTTP and stand on policies and tollway": (
        "process_apis/collections/steps.py",
        "gateway.routes",
    ),
    "Nobody imports the command line": ("policies/scopes.py", "tollway.cli.catalogue"),
    "Platforms know nothing of one another": (
        "system_apis/erp/netsuite/mapping.py",
        "system_apis.erp.tryton.mapping",
    ),
    "Domains know nothing of one another": ("system_apis/crm/api.py", "system_apis.psa.api"),
    "What Salesforce products share is theirs alone": (
        "system_apis/erp/netsuite/rows.py",
        "system_apis.salesforce_platform.rows",
    ),
    "Sandboxes are started by the command line and by tests alone": (
        "system_apis/crm/salesforce/operations.py",
        "system_apis.salesforce_platform.sandbox.seed",
    ),
    "A sandbox imitates the platform, not our adapter of it": (
        "system_apis/erp/netsuite/sandbox/money.py",
        "system_apis.erp.netsuite.models",
    ),
    "Inside a platform every file has its place": (
        "system_apis/psa/certinia/mapping.py",
        "system_apis.psa.certinia.operations",
    ),
    "Processes know nothing of one another": (
        "process_apis/collections/service.py",
        "process_apis.invoice_generation.service",
    ),
    "Experience APIs know nothing of one another": ("experience_apis/sales/api.py", "experience_apis.finance.api"),
    "Only the engine knows DBOS": ("tollway/cases/cases.py", "dbos"),
    "The canonical model is plain data": ("tollway/canonical/money.py", "httpx"),
    "A process is a page of verbs: no HTTP, no SQL": ("process_apis/collections/process.py", "sqlalchemy"),
    "HTTP to platforms and services has one way out": ("gateway/forward.py", "httpx"),
}
"""For every contract a file, and a module that it must not import."""


@pytest.fixture
def copy(root: Path, packages: tuple[str, ...], tmp_path: Path) -> Path:
    """A copy of the application's modules."""
    for package in packages:
        shutil.copytree(root / package, tmp_path / package, ignore=lambda folder, names: [
            name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())
        ])  # fmt: skip
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> tuple[int, str]:
    """Exit status and report of import-linter on the tree in a folder."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, re.sub(r"\s+", " ", done.stdout + done.stderr)


def names(root: Path) -> set[str]:
    """The names of all contracts."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def test_the_contracts_hold(root: Path, copy: Path) -> None:
    """No module imports what its place in the tree forbids."""
    status, report = lint(copy)
    assert status == 0, report
    assert f"Contracts: {len(names(root))} kept, 0 broken." in report


def test_every_contract_catches_its_violation(root: Path, copy: Path) -> None:
    """For each contract there is an import that breaks it, and then the check fails and names both modules."""
    assert set(VIOLATIONS) == names(root)
    for path, module in VIOLATIONS.values():
        with (copy / path).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {module}\n")
    status, report = lint(copy)
    assert status == 1
    for name, (path, module) in VIOLATIONS.items():
        importer = path.removesuffix(".py").replace("/", ".")
        assert f"{name} BROKEN" in report
        assert re.search(rf"{re.escape(importer)} (-> |is not allowed to import ){re.escape(module)}\b", report), name
