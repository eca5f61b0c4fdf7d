"""`tollway revoke`."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tollway.oauth.revocations import Revocations
from tollway.oauth.shared_state import SharedState
from tollway.settings import RedisSettings

CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"
ISSUER = "https://login.example.com"


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tollway.cli", "revoke", *arguments, "--config", str(CONFIGURATION)]
    variables = {f"TOLLWAY_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(command, check=False, env=variables, capture_output=True, text=True, timeout=60)


async def test_a_revoked_token_is_known_to_every_gateway(redis_settings: RedisSettings) -> None:
    """The command reaches the list that gateways share, for as long as the token could live."""
    redis = {"redis__url": redis_settings.url, "redis__timeout": str(redis_settings.timeout)}
    done = run("token-1", "--seconds", "600", gateway__issuer=ISSUER, **redis)
    assert (done.returncode, done.stderr) == (0, "")
    state = SharedState(redis_settings)
    gateway = Revocations(state)
    await gateway.refresh()
    (expires,) = (await state.revoked()).values()
    await state.close()
    assert (ISSUER, "token-1") in gateway
    assert time.time() + 500 < expires < time.time() + 601


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gateway__issuer": ISSUER}, "The setting redis.url is missing"),
        ({"gateway__issuer": ISSUER, "redis__url": "redis://127.0.0.1:1"}, "Nothing was revoked"),
        ({"redis__url": "redis://127.0.0.1:1"}, "Name by --issuer whose token it is"),
        (
            {"gateway__issuer": ISSUER, "gateway__issuers__x__url": "https://x.example.com", "redis__url": "redis://x"},
            f"Name by --issuer whose token it is: {ISSUER}, https://x.example.com",
        ),
    ],
)
def test_what_keeps_it_from_revoking_is_said(settings: dict[str, str], words: str) -> None:
    """Where nobody would hear of it the command says so, and ends with status 2."""
    done = run("token-1", **settings)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
