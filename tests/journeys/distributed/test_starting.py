"""What keeps a service of the distributed form from starting, each told in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tollway.cli.installation import installation
from tollway.problems import StartupError
from tollway.settings import GatewaySettings, IdentitySettings, ServiceSettings, Settings, StorageSettings, load

ROOT = Path(__file__).parents[3]
KEYED = {"identity": IdentitySettings(key="0123456789abcdef0123456789abcdef")}
STORED = {"storage": StorageSettings(url="the test's own PostgreSQL")}
MISSING = {
    "the key": ("sales", {}, r"identity\.key must be a secret"),
    "the database": ("casework", KEYED, r"storage\.url is missing: casework"),
    "the gateway's database": ("gateway", KEYED, r"storage\.url is missing: gateway"),
    "a usable database": (
        "casework",
        KEYED | {"storage": StorageSettings(url="postgresql://nobody@127.0.0.1:1/none")},
        r"storage\.url leads to no usable database",
    ),
    "a process service's address": ("sales", KEYED, r"services\.casework\.url is missing"),
    "an experience service's address": (
        "gateway",
        KEYED | STORED | {"gateway": GatewaySettings(issuer="https://login.example.com")},
        r"services\.events\.url is missing",
    ),
    "the issuer": ("gateway", KEYED | STORED, r"gateway\.issuer is missing"),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The sample configuration, which is for the embedded form."""
    return load(ROOT / "tollway.toml", {"TOLLWAY_STORAGE__FOLDER": str(tmp_path)})


@pytest.mark.parametrize("missing", MISSING)
async def test_what_is_missing_is_named(settings, missing, postgres_url) -> None:
    """A service whose settings lack something does not start, and names the setting."""
    service, changes, sentence = MISSING[missing]
    if STORED.items() <= changes.items():
        changes = changes | {"storage": StorageSettings(url=postgres_url)}
    with pytest.raises(StartupError, match=sentence):
        async with installation(replace(settings, **changes), [service], executor="test"):
            pass


async def test_process_services_need_one_another(settings, postgres_url) -> None:
    """A process service works processes of all, so the address of every service they call is asked for at the start."""
    known = ("psa", "erp", "customer-onboarding", "project-activation", "invoice-generation", "collections")
    services = {name: ServiceSettings(url="http://127.0.0.1:9") for name in known}
    given = replace(settings, **KEYED, storage=StorageSettings(url=postgres_url), services=services)
    with pytest.raises(StartupError, match=r"services\.crm\.url is missing"):
        async with installation(given, ["casework"], executor="test"):
            pass


def test_the_command_says_it_in_one_line(tmp_path) -> None:
    """The command line prints the sentence alone and ends with status 2."""
    variables = {
        "TOLLWAY_STORAGE__URL": "postgresql://tollway:hidden@127.0.0.1:1/tollway",
        "TOLLWAY_IDENTITY__KEY": KEYED["identity"].key,
    }
    command = [sys.executable, "-m", "tollway.cli", "serve", "casework", "--config", ROOT / "tollway.toml"]
    ended = subprocess.run(
        command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("tollway: The setting storage.url leads to no usable database")
    assert len(ended.stderr.splitlines()) == 1
    assert "hidden" not in ended.stderr + ended.stdout
