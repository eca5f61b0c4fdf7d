"""What the documents say can be done as they say it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
TO_BE_MADE = ("policies/body_limit.py", "tests/policies/test_body_limit.py", "system_apis/crm/acme",
              "tests/system_apis/crm/acme")  # fmt: skip
"""What the walkthroughs tell to make."""

LOAD_ROUTES = """
from gateway import routes
sales = next(product for product in routes.load() if product.entry.name == "sales")
print([type(policy).__name__ for policy in sales.policies])
"""
CONNECT_ACME = """
import pathlib, tomllib
from tollway.cli.platforms import Platforms
from tollway.settings import check
tables = tomllib.loads(pathlib.Path("tollway.toml").read_text())
tables["crm"]["platform"] = "acme"
print(type(Platforms(check(tables)).ports("crm")["crm"]).__module__)
"""


def walk_through(name: str) -> str:
    """A section of CONTRIBUTING.md."""
    sections = re.split(r"^## ", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), flags=re.MULTILINE)
    return next(section for section in sections if section.startswith(name))


@pytest.fixture
def copy(root: Path, packages: tuple[str, ...], tmp_path: Path) -> Path:
    """A copy of the application, to be changed."""
    for package in packages:
        shutil.copytree(root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "tollway.toml", tmp_path)
    return tmp_path


def run(folder: Path, script: str) -> str:
    """What a script prints that imports the application from a folder."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return (done.stdout + done.stderr).strip()


def replace(path: Path, old: str, new: str) -> None:
    """Change the first place in a file that reads so."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_exist(document) -> None:
    """Every path that a document names is in the tree, and every link leads somewhere."""
    text = document.read_text("utf-8")
    named = [word for word in re.findall(r"`([\w./-]+)`", text) if "/" in word and word.split("/")[0] in TOP]
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [name for name in named if not (ROOT / name).exists() and not name.startswith(TO_BE_MADE)] == []
    assert [link for link in links if link and not (document.parent / link).exists()] == []


def test_a_policy_is_added_as_described(copy) -> None:
    """The walkthrough's file, registry entry and route make the gateway use the policy, and nothing else is needed."""
    section = walk_through("Add a policy")
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (route,) = re.findall(r"`(- body_limit: .*?)`", section)
    (copy / "policies" / "body_limit.py").write_text(code, "utf-8")
    registry = copy / "policies" / "__init__.py"
    replace(registry, "\nPOLICIES", "from policies.body_limit import BodyLimit\n\nPOLICIES")
    replace(registry, " = (", " = (BodyLimit, ")
    before = run(copy, LOAD_ROUTES)
    replace(copy / "gateway" / "routes.yaml", "      - scopes", f"      {route}\n      - scopes")
    assert run(copy, LOAD_ROUTES) == before.replace("'Scopes'", "'BodyLimit', 'Scopes'")


def test_a_platform_is_added_as_described(copy) -> None:
    """A folder of a domain and one line of its registry make a platform that the configuration can choose."""
    (line,) = re.findall(r'`("acme": .*?)`', walk_through("Add a platform"))
    domain = copy / "system_apis" / "crm"
    shutil.copytree(domain / "salesforce", domain / "acme")
    for path in (domain / "acme").glob("*.py"):
        moved = path.read_text("utf-8").replace("system_apis.crm.salesforce", "system_apis.crm.acme")
        path.write_text(moved.replace("build_salesforce_crm", "build_acme"), "utf-8")
    existing = '"salesforce": build_salesforce_crm,'
    replace(domain / "registry.py", existing, f"{existing} {line}")
    replace(
        domain / "registry.py",
        "\nfrom tollway",
        "\nfrom system_apis.crm.acme.operations import build_acme\nfrom tollway",
    )
    assert run(copy, CONNECT_ACME) == "system_apis.crm.acme.operations"


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("salesforce_platform/sandbox/schema/tollway.yaml", r"Tollway_\w+__c"),
        ("erp/netsuite/sandbox/record_types.yaml", r"cust(?:entity|body|col|record|omrecord)_\w+"),
    ],
)
def test_what_is_to_be_created_is_what_the_sandbox_has(schema, pattern) -> None:
    """Whoever connects a real account creates exactly the fields and objects that the sandbox was given."""
    in_sandbox = names_of(msgspec.yaml.decode((ROOT / "system_apis" / schema).read_text("utf-8")), re.compile(pattern))
    documented = set(re.findall(rf"`({pattern})`", (ROOT / "docs" / "connecting.md").read_text("utf-8")))
    assert documented == in_sandbox


def names_of(tree: object, pattern: re.Pattern[str]) -> set[str]:
    """The keys at any depth that are such names."""
    if not isinstance(tree, dict):
        return set()
    return {key for key in tree if pattern.fullmatch(str(key))}.union(
        *(names_of(one, pattern) for one in tree.values())
    )
