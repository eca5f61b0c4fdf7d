"""`tollway report`, over gateways that answer on a real port."""

import re

import pytest

from tollway.cli.report import deprecated
from tollway.problems import StartupError
from tollway.telemetry.deprecation import DeprecatedUse
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry

SUNSET = 1_827_619_200.0


@pytest.fixture
def gateway(tmp_path, free_port):
    """Starts the metrics of gateways, each on a machine of its own."""
    started = []

    def start() -> tuple[Telemetry, str]:
        port = free_port()
        telemetry = Telemetry(TelemetrySettings(metrics_port=port), tmp_path / str(port))
        started.append(telemetry)
        return telemetry, f"http://127.0.0.1:{port}/metrics"

    yield start
    for telemetry in started:
        telemetry.close()


def test_the_report_adds_up_all_gateways(gateway, capsys) -> None:
    """Each client that still calls has a line with its requests over all gateways, its last one and the end."""
    (first, here), (second, there) = gateway(), gateway()
    for telemetry, clients in ((first, ["shop", "shop", ""]), (second, ["shop", "desk"])):
        use = DeprecatedUse(telemetry.metrics, "finance_v1")
        use.announce(SUNSET)
        for client in clients:
            use.count(client)
    DeprecatedUse(second.metrics, "sales_v1").announce(None)
    deprecated(here, there)
    out = capsys.readouterr().out
    counted = {
        line[1]: line[2] for line in (re.findall(r"[^\s│]+", line) for line in out.splitlines()) if len(line) > 6
    }
    assert {client: counted[client] for client in ("shop", "desk", "anonymous")} == {
        "shop": "3",
        "desk": "1",
        "anonymous": "1",
    }
    assert "2027-12-01 00:00" in out
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d", out)
    assert "Nobody has called sales_v1" in out


def test_without_deprecated_products_it_says_so(gateway, capsys) -> None:
    """An empty report is a sentence."""
    _, url = gateway()
    deprecated(url)
    assert capsys.readouterr().out == "No product is deprecated.\n"


def test_a_gateway_that_does_not_answer_is_named() -> None:
    """A report that cannot see every gateway is none: it ends with the address."""
    with pytest.raises(StartupError, match=r"http://127\.0\.0\.1:1/metrics"):
        deprecated("http://127.0.0.1:1/metrics")
