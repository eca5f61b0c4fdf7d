"""The chart, rendered by Helm itself with the sample configuration."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "tollway"
CREDENTIALS = ("client_secret", "consumer_secret", "token_secret")


@pytest.fixture
def chart() -> Path:
    """The folder of the chart."""
    return CHART


@pytest.fixture
def values() -> dict[str, Any]:
    """What an administrator gives: the sample configuration without credentials, and where those are."""
    config = tomllib.loads((ROOT / "tollway.toml").read_text("utf-8"))
    del config["storage"], config["sandboxes"]
    secrets: dict[str, dict[str, Any]] = {}
    for name, connection in config["connections"].items():
        given = [setting for setting in CREDENTIALS if connection.pop(setting, None)]
        secrets[name] = {setting: {"existingSecret": name, "key": setting} for setting in given}
    config["gateway"]["issuer"] = "https://login.example.com"
    return {"config": config, "secrets": {"connections": secrets}}


@pytest.fixture
def render(values: dict[str, Any]) -> Callable[..., list[dict[str, Any]]]:
    """Renders the chart with those values and others laid over them; answers every document."""
    helm_python = pytest.importorskip("helm_python")

    def rendered(others: dict[str, Any] | None = None, release: str = "acme") -> list[dict[str, Any]]:
        given = _laid_over(copy.deepcopy(values), others or {})
        with helm_python.Chart.load(str(CHART)) as loaded:
            files = loaded.render(given, name=release, namespace="tollway")
        texts = [text for name, text in files.items() if name.endswith(".yaml")]
        return [document for text in texts for document in yaml.safe_load_all(text) if document]

    return rendered


def _laid_over(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    for key, value in upper.items():
        nested = isinstance(value, dict) and isinstance(lower.get(key), dict)
        lower[key] = _laid_over(lower[key], value) if nested else value
    return lower
