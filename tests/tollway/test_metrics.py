"""Metrics: what several workers counted, in one scrape."""

import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tollway.problems import StartupError
from tollway.telemetry.metrics import OTHER, Metrics
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry
from tollway.telemetry.workers import WorkerMetrics

WORKER = """
import sys, pathlib
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry
telemetry = Telemetry(TelemetrySettings(metrics_port=int(sys.argv[2])), pathlib.Path(sys.argv[1]))
counter = telemetry.metrics.counter("things", "Things.", ("kind",))
gauge = telemetry.metrics.gauge("standing", "How many stand.").series(())
for line in sys.stdin:
    for _ in range(int(line)):
        counter.add(("a",))
        gauge[0] += 1
    print("done", flush=True)
telemetry.close()
"""


@pytest.fixture
def port(free_port) -> int:
    return free_port()


@pytest.fixture
def start_worker(tmp_path, port):
    """Starts worker processes that count as they are told."""
    started = []

    def start() -> subprocess.Popen[str]:
        command = (sys.executable, "-c", WORKER, str(tmp_path), str(port))
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


def told(port: int, count: int) -> float:
    """What a scrape counts once everybody has written, which each does once a second; at last whatever it is."""
    ends = time.monotonic() + 5
    while (seen := scrape(port)["tollway_things_total"]) < count and time.monotonic() < ends:
        time.sleep(0.1)
    return seen


def tell(worker: subprocess.Popen[str], count: int) -> None:
    """Have a worker count so many."""
    worker.stdin.write(f"{count}\n")
    worker.stdin.flush()
    assert worker.stdout.readline() == "done\n"


def scrape(port: int, **headers: str) -> dict[str, float]:
    """Every sample over a new connection, by name."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_a_scrape_sees_all_workers_whoever_answers(start_worker, port) -> None:
    """Counters never fall between scrapes that different workers answer, and soon tell everything."""
    workers = [start_worker() for _ in range(3)]
    for worker in workers:
        tell(worker, 1)
    seen = 0.0
    for turn in range(60):
        tell(workers[turn % 3], 10)
        now = scrape(port)["tollway_things_total"]
        assert now >= seen
        seen = now
    assert told(port, 603) == 603


def test_what_ended_workers_counted_stays(start_worker, port, tmp_path) -> None:
    """After kill -9, a clean end and a start anew counters go on; gauges tell only of those that live."""
    killed, ended, living = start_worker(), start_worker(), start_worker()
    for worker, count in ((killed, 100), (ended, 20), (living, 3)):
        tell(worker, count)
    time.sleep(2.5)  # each writes once a second; whoever answers a scrape knows more of itself than it has written
    assert told(port, 123) == 123
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    ended.communicate()
    assert scrape(port)["tollway_things_total"] == 123
    assert scrape(port)["tollway_standing"] == 3
    tell(start_worker(), 1000)
    assert len(list((tmp_path / "telemetry").glob("*.lock"))) == 2
    assert told(port, 1123) == 1123


def test_nothing_but_metrics_is_served(tmp_path, port) -> None:
    """Another path is 404, another method 405; a second scrape by OpenMetrics is in its format."""
    telemetry = Telemetry(TelemetrySettings(metrics_port=port), tmp_path)
    try:
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
        assert httpx.post(f"http://127.0.0.1:{port}/metrics").status_code == 405
        accept = {"accept": "application/openmetrics-text; version=1.0.0"}
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=accept)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")
    finally:
        telemetry.close()


def test_a_histogram_is_told_in_buckets(tmp_path, port) -> None:
    """Each bucket counts what is at most its bound; the last is the count of all."""
    telemetry = Telemetry(TelemetrySettings(metrics_port=port), tmp_path)
    histogram = telemetry.metrics.histogram("wait_seconds", "Waits.", ("who",), (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(("me",), value)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    telemetry.close()
    assert 'tollway_wait_seconds_bucket{le="0.1",who="me"} 2.0' in text
    assert 'tollway_wait_seconds_bucket{le="1.0",who="me"} 3.0' in text
    assert 'tollway_wait_seconds_bucket{le="+Inf",who="me"} 4.0' in text
    assert 'tollway_wait_seconds_count{who="me"} 4.0' in text
    assert 'tollway_wait_seconds_sum{who="me"} 7.65' in text


def test_series_are_bounded() -> None:
    """Beyond its bound a metric folds what callers can fill, keeps the rest, and loses no count."""
    counter = Metrics().counter("things", "Things.", ("product", "client"), folded=("client",), most=10)
    for number in range(1000):
        counter.add((f"p{number % 2}", f"c{number}"))
    assert len(counter.values) == 12
    assert counter.values["p0", OTHER] == [495.0]
    assert sum(number for (number,) in counter.values.values()) == 1000


def test_restarts_do_not_grow_what_is_kept(tmp_path) -> None:
    """However many workers with clients of their own came and went, the sum over them keeps to the bound."""
    for start in range(6):
        metrics = Metrics()
        counter = metrics.counter("things", "Things.", ("client",), most=10)
        for number in range(10):
            counter.add((f"{start}-{number}",))
        WorkerMetrics(metrics, tmp_path).close()
    last = WorkerMetrics(Metrics(), tmp_path)
    (things,) = last.merged()
    last.close()
    assert len(things.values) <= 11
    assert sum(number for (number,) in things.values.values()) == 60


def test_a_crash_while_folding_counts_nothing_twice(tmp_path) -> None:
    """Files of an ended worker that were folded, but not removed before a crash, are not added again."""
    metrics = Metrics()
    metrics.counter("things", "Things.").add((), 5)
    ended = WorkerMetrics(metrics, tmp_path)
    ended.close()
    left = {path: path.read_bytes() for path in tmp_path.glob(f"{ended._name}.*")}
    first = WorkerMetrics(Metrics(), tmp_path)
    assert first.merged()[0].values == {(): [5.0]}
    for path, content in left.items():
        path.write_bytes(content)
    assert first.merged()[0].values == {(): [5.0]}
    assert first.merged()[0].values == {(): [5.0]}
    first.close()


def test_a_metric_has_one_form() -> None:
    """Asking again gives the same metric; asking for it in another form is refused."""
    metrics = Metrics()
    assert metrics.counter("things", "Things.", ("kind",)) is metrics.counter("things", "Things.", ("kind",))
    with pytest.raises(ValueError, match="another form"):
        metrics.counter("things", "Things.", ("kind", "size"))
    with pytest.raises(ValueError, match="another form"):
        metrics.gauge("things", "Things.", ("kind",))


def test_a_port_that_is_taken_is_named(tmp_path) -> None:
    """A metrics port that another program holds keeps the gateway from starting and names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(StartupError, match=r"telemetry\.metrics_port"):
        Telemetry(TelemetrySettings(metrics_port=held.getsockname()[1]), tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, port) -> None:
    """Without a place for the metrics of all workers the gateway does not start, and says why."""
    (tmp_path / "telemetry").write_text("in the way")
    with pytest.raises(StartupError, match="folder of metrics"):
        Telemetry(TelemetrySettings(metrics_port=port), tmp_path)
