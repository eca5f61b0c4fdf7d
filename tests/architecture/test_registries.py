"""Registries are explicit and complete: what is in the tree is in them, and nothing else."""

import ast
import importlib
from pathlib import Path

import pytest

from policies import POLICIES
from policies.base import name

ROOT = Path(__file__).parents[2]
DOMAINS = sorted(path.parent.name for path in (ROOT / "system_apis").glob("*/registry.py"))
PLATFORMS = sorted(
    path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "system_apis").glob("*/*/operations.py")
)
ADAPTER = {"__init__.py", "mapping.py", "models.py", "operations.py"}
"""What every adapter has; import contracts say which files it may have besides."""
ALONE = {"client.py", "settings.py"}
"""What an adapter has besides unless it is on the org that Salesforce products share."""


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_platform_is_registered(domain) -> None:
    """A folder with operations.py in a domain is one line of its registry under its own name."""
    registry = importlib.import_module(f"system_apis.{domain}.registry")
    folders = {path.parent.name for path in (ROOT / "system_apis" / domain).glob("*/operations.py")}
    assert set(registry.PLATFORMS) == folders
    for platform, build in registry.PLATFORMS.items():
        assert build.__module__ == f"system_apis.{domain}.{platform}.operations"


def test_every_domain_has_a_registry() -> None:
    """No platform stands in a folder without one."""
    assert {platform.split("/")[1] for platform in PLATFORMS} == set(DOMAINS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_adapters_have_the_same_files(platform) -> None:
    """Who knows one adapter finds the way in every other."""
    files = {path.name for path in (ROOT / platform).glob("*.py")}
    shared = "system_apis.salesforce_platform" in (ROOT / platform / "operations.py").read_text("utf-8")
    assert (ADAPTER if shared else ADAPTER | ALONE) <= files


def test_every_policy_is_registered() -> None:
    """A file in policies/ is one line of POLICIES."""
    files = {path.stem for path in (ROOT / "policies").glob("*.py")} - {"__init__", "base"}
    assert {name(policy) for policy in POLICIES} == files
    assert len(POLICIES) == len(files)


def test_the_registry_of_policies_holds_nothing_else() -> None:
    """policies/__init__.py is a docstring, imports and POLICIES."""
    docstring, *rest = ast.parse((ROOT / "policies" / "__init__.py").read_text("utf-8")).body
    *imports, registry = rest
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, ast.ImportFrom) for node in imports)
    assert isinstance(registry, ast.AnnAssign)
    assert isinstance(registry.target, ast.Name)
    assert registry.target.id == "POLICIES"
