"""The gateway and the services beside it, by several worker processes on one address."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tollway.cli.catalogue import of_layer

ROOT = Path(__file__).parents[3]
EXPERIENCE = of_layer("experience")


@pytest.fixture
def gateway(
    tmp_path: Path, postgres_url: str, free_port: Callable[[], int]
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`tollway serve gateway` with every experience API beside it, and where it answers."""
    port = str(free_port())
    elsewhere = "".join(f'[services.{name}]\nurl = "http://127.0.0.1:9"\n' for name in of_layer("process"))
    config = tmp_path / "tollway.toml"
    config.write_text((ROOT / "tollway.toml").read_text("utf-8") + elsewhere, "utf-8")
    variables = {
        "TOLLWAY_STORAGE__FOLDER": str(tmp_path / "state"),
        "TOLLWAY_STORAGE__URL": postgres_url,
        "TOLLWAY_IDENTITY__KEY": "0123456789abcdef" * 2,
        "TOLLWAY_GATEWAY__ISSUER": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "tollway.cli", "serve", "gateway", *EXPERIENCE, "--workers", "2", "--port", port]
    process = subprocess.Popen([*command, "--config", config], env=os.environ | variables, cwd=tmp_path)
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def _live(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/health/live").is_success
    return False


def _until(holds, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_workers_serve_the_gateway_with_services_beside_it(gateway) -> None:
    """Pages and refusals come from the one address, and a termination signal ends every worker in good order."""
    process, url = gateway
    _until(lambda: _live(url))
    for _ in range(6):
        assert httpx.get(f"{url}/docs/finance/v2").is_success
        refused = httpx.get(f"{url}/finance/v2/invoices/INV-1")
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:tollway:problem:unauthenticated")
    process.terminate()
    assert process.wait(40) == 0
    assert not _live(url)


def test_a_durable_service_has_one_worker(tmp_path: Path) -> None:
    """What runs durable processes is refused workers on one address, in one sentence that says what to do instead."""
    command = [sys.executable, "-m", "tollway.cli", "serve", "casework", "--workers", "2"]
    ended = subprocess.run(
        [*command, "--config", ROOT / "tollway.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert "casework runs durable processes" in ended.stderr
