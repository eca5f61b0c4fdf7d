"""The command line, as people start it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tollway.cli.catalogue import SERVICES

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "tollway.toml")
COMMAND = (sys.executable, "-m", "tollway.cli")


@pytest.fixture
def run(tmp_path, variables):
    """Runs a command of `tollway` to its end, in a folder of its own."""

    def ran(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        given = os.environ | variables | {"COLUMNS": "160"} | environment
        return subprocess.run(
            [*COMMAND, *arguments], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False
        )

    return ran


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a command that could not start."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"tollway: [^\n]+\.\n", done.stderr), done.stderr
    return done.stderr


@pytest.mark.parametrize("command", [("up",), ("serve", "crm"), ("doctor",)])
def test_a_missing_configuration_is_one_sentence(run, command):
    """Without its configuration file every command that needs one says so, and how to name another."""
    assert "There is no configuration file none.toml; name one with --config." in refused(
        run(*command, "--config", "none.toml")
    )


def test_an_unknown_setting_is_one_sentence(run):
    """A setting that Tollway does not know keeps it from starting and is named."""
    done = run("up", "--config", SAMPLE, TOLLWAY_GATEWAY__PROT="1")
    assert "The setting gateway.prot is not one Tollway knows." in refused(done)


def test_a_taken_port_is_one_sentence(run):
    """A port that another program holds is named with what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        done = run("up", "--config", SAMPLE, TOLLWAY_GATEWAY__PORT=port)
    assert f"Port {port} on 127.0.0.1 cannot be used" in refused(done)


@pytest.mark.parametrize("command", [("sandbox", "nonsense"), ("serve", "nonsense", "--config", SAMPLE)])
def test_what_there_is_not_is_said_with_what_there_is(run, command):
    """An unknown sandbox or service is refused with the names of those there are."""
    said = refused(run(*command))
    assert "'nonsense'; there are: " in said
    there_are = {"sandbox": ["salesforce", "netsuite"], "serve": [*SERVICES, "gateway"]}[command[0]]
    assert all(name in said for name in there_are)


def test_services_lists_every_service_with_its_contract(run):
    """Every service has a line with its layer and the file of its contract, which is there."""
    done = run("services")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [*SERVICES, "gateway"]
    assert {line[1] for line in lines} == {"system", "process", "experience", "gateway"}
    assert all((ROOT / line[2]).is_file() for line in lines)


def test_openapi_writes_what_changed_and_nothing_else(run, tmp_path):
    """Contracts as published stay as they are; a changed one is written again and a stray one removed."""
    folder = tmp_path / "openapi"
    shutil.copytree(ROOT / "openapi", folder)
    assert run("openapi", "--folder", str(folder)).stdout == "All contracts are as they were.\n"
    changed, stray = folder / "system" / "crm.v1.yaml", folder / "system" / "stray.v1.yaml"
    published = changed.read_text("utf-8")
    for path in (changed, stray):
        path.write_text("openapi: 3.1.0\n")
    done = run("openapi", "--folder", str(folder))
    assert done.stdout.split() == ["system/crm.v1.yaml", "system/stray.v1.yaml"]
    assert changed.read_text("utf-8") == published
    assert not stray.exists()


def test_doctor_says_which_platform_does_not_answer(run):
    """Without its platforms doctor ends with status 1 and a table of what is well and what is not."""
    done = run("doctor", "--config", SAMPLE)
    assert done.returncode == 1, done.stderr
    states = dict(re.findall(r"│ (\S[^│]*?) +│ (ok|failing) +│", done.stdout))
    assert states == {
        "settings": "ok",
        "database": "ok",
        "crm (salesforce)": "failing",
        "psa (salesforce)": "failing",
        "erp (netsuite)": "failing",
        "quota (salesforce)": "ok",
        "quota (netsuite)": "ok",
    }
    assert "cannot be reached" in done.stdout


@pytest.mark.parametrize("platform", ["salesforce", "netsuite"])
def test_a_sandbox_says_where_it_answers_and_to_whom(tmp_path, platform):
    """A sandbox tells its address and the credentials it takes, answers there, and ends well when it is stopped."""
    command = [*COMMAND, "sandbox", platform, "--client-id", "me", "--client-secret", "mine"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = [process.stdout.readline() for _ in range(3)]
            url = re.search(rf"The {platform} sandbox answers at (http://127\.0\.0\.1:\d+)$", said[0].strip())[1]
            assert said[1] == "It accepts the client id 'me' with the secret 'mine'.\n"
            assert httpx.get(f"{url}/__sandbox__/calls").json() == {}
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
