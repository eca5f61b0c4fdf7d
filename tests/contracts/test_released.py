"""`tollway contracts`: what is published is held to what was released."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from tollway.cli import contracts
from tollway.cli.catalogue import CONTRACTS

SALES = "experience/sales.v1.yaml"
LINT = Path(__file__).parent / "spectral" / "lint.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The published contracts, of which nothing was released."""
    for file in contracts.files(CONTRACTS):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(CONTRACTS / file, tmp_path / file)
    for path in CONTRACTS.glob("*.asyncapi.yaml"):
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path


def change(path: Path, **properties) -> None:
    """Change a property of `DealOverview`'s schema."""
    document = msgspec.yaml.decode(path.read_text("utf-8"))
    document["components"]["schemas"]["DealOverview"]["properties"] |= properties
    path.write_text(yaml.safe_dump(document), "utf-8")


def test_what_was_released_is_kept_as_it_was(folder, capsys):
    """A release copies every contract, the frozen too, and drops those that are gone."""
    (folder / "released/experience").mkdir(parents=True)
    gone = {"paths": {"/x": {"get": {"deprecated": True}}}, "info": {"version": "1.0.0"}}
    (folder / "released/experience/gone.v1.yaml").write_text(yaml.safe_dump(gone), "utf-8")
    contracts.release(folder=folder)
    released = folder / contracts.RELEASED
    assert contracts.files(released) == contracts.files(folder)
    assert (released / SALES).read_bytes() == (folder / SALES).read_bytes()
    contracts.check(folder=folder)
    assert f"keep to the {len(contracts.files(folder))} of the last release" in capsys.readouterr().out


def test_a_breaking_change_fails_the_check_and_the_release(folder, capsys):
    """Callers of the last release are not broken: the check says where and how, and nothing is released."""
    contracts.release(folder=folder)
    change(folder / contracts.RELEASED / SALES, discount={"type": "string"})
    with pytest.raises(SystemExit, match="1"):
        contracts.check(folder=folder)
    said = capsys.readouterr().out
    assert f"{SALES}#/components/schemas/DealOverview/properties/discount: a field is no longer answered" in said
    with pytest.raises(SystemExit, match="1"):
        contracts.release(folder=folder)
    assert "discount" in (folder / contracts.RELEASED / SALES).read_text("utf-8")


def test_drift_fails_the_check_and_is_mended(folder, capsys):
    """A contract that is not what the handlers say is told by its file, written anew, and right the next time."""
    change(folder / SALES, discount={"type": "string"})
    with pytest.raises(SystemExit, match="1"):
        contracts.check(folder=folder)
    assert f"{SALES}: was not what the handlers say" in capsys.readouterr().out
    contracts.check(folder=folder)


def test_the_command_line_has_both():
    """`tollway contracts check` is there to be called."""
    command = [sys.executable, "-m", "tollway.cli", "contracts", "--help"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert "check" in said
    assert "release" in said


BROKEN = {
    "tollway-string-limit": ("maxLength: 255\n", "x-maxLength: 255\n"),
    "owasp:api4:2023-array-limit": ("maxItems: 100000\n", "x-maxItems: 1\n"),
    "owasp:api4:2023-rate-limit": ("            RateLimit:\n", "            X-Unlimited:\n"),
    "owasp:api9:2023-inventory-access": ("  x-internal: false\n", ""),
    "oas3-schema": ("openapi: 3.1.0\n", "openapi: 3.1.0\nbad: true\n"),
}
"""By the rule it breaks, what is put in the place of what in a good document."""


def test_a_document_that_breaks_a_rule_is_found(tmp_path):
    """The linter is at work: what is taken out of a good document is missed, rule by rule."""
    text = (CONTRACTS / SALES).read_text("utf-8")
    paths = []
    for number, (old, new) in enumerate(BROKEN.values()):
        assert old in text
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(text.replace(old, new), "utf-8")
    command = [sys.executable, LINT, *paths]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 1
    found = {path.name: part for path in paths for part in ended.stdout.split(str(path))[1:]}
    for path, rule in zip(paths, BROKEN, strict=True):
        assert rule in found[path.name].partition(str(tmp_path))[0]
