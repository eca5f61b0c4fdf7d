"""The access log on its way to the disk."""

import json
import subprocess
import sys
import time

import pytest

from tollway.context import RequestContext, new_traceparent
from tollway.problems import StartupError
from tollway.telemetry.answered import Answered
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry

WRITER = """
import sys
from tollway.context import RequestContext
from tollway.telemetry.answered import Answered
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry
telemetry = Telemetry(TelemetrySettings(access_log="stdout"))
ids = RequestContext(sys.argv[1], "")
for number in range(3000):
    path = "/" + "x" * (number % 500)
    telemetry.access_log.put(Answered(float(number), number / 1e6, ids, "p", "GET", path, 200))
telemetry.close()
"""


def answered(number: int = 0) -> Answered:
    """A request that took so many milliseconds."""
    ids = RequestContext(f"c-{number}", new_traceparent())
    return Answered(1_800_000_000.25, number / 1000, ids, "orders", "GET", "/", 200)


def test_lines_are_on_the_disk_soon(tmp_path) -> None:
    """What is logged is written within the interval, without a shutdown: a kill loses no more than that."""
    telemetry = Telemetry(TelemetrySettings(access_log=str(tmp_path / "log")))
    telemetry.access_log.put(answered())
    ends = time.monotonic() + 3
    while not (tmp_path / "log").read_bytes():
        assert time.monotonic() < ends
        time.sleep(0.02)
    line = json.loads((tmp_path / "log").read_text())
    assert line["timestamp"] == "2027-01-15T08:00:00.250000Z"
    telemetry.close()


def test_shutdown_writes_what_waits(tmp_path) -> None:
    """Every line put before the end is in the file, in order."""
    telemetry = Telemetry(TelemetrySettings(access_log=str(tmp_path / "log")))
    for number in range(5000):
        telemetry.access_log.put(answered(number))
    telemetry.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["duration_us"] for line in lines] == list(range(0, 5_000_000, 1000))


def test_a_file_may_be_moved_away(tmp_path) -> None:
    """After a rotation the next lines begin a new file; no signal is needed."""
    telemetry = Telemetry(TelemetrySettings(access_log=str(tmp_path / "log")))
    (tmp_path / "log").rename(tmp_path / "log.1")
    telemetry.access_log.put(answered())
    telemetry.close()
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_lines_of_several_workers_never_mix() -> None:
    """Workers that share a pipe write whole lines, even when nobody reads it for a while."""
    pipe = subprocess.PIPE
    command = f'for w in a b c; do "{sys.executable}" -c "$0" $w & done; wait'
    running = subprocess.Popen(["sh", "-c", command, WRITER], stdout=pipe)
    time.sleep(1.5)
    out, _ = running.communicate(timeout=60)
    lines = [json.loads(line) for line in out.splitlines()]
    assert {name: sum(line["correlation_id"] == name for line in lines) for name in "abc"} == dict.fromkeys("abc", 3000)


def test_a_log_that_cannot_be_written_is_named(tmp_path) -> None:
    """A wrong place keeps the gateway from starting and names the setting."""
    with pytest.raises(StartupError, match=r"telemetry\.access_log"):
        Telemetry(TelemetrySettings(access_log=str(tmp_path / "none" / "log")))
