"""`tollway report`: what gateways counted, for people."""

import datetime as dt
from collections import defaultdict

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from tollway.cli.app import DEFAULT, Config
from tollway.problems import StartupError
from tollway.settings import load
from tollway.telemetry.deprecation import LAST_REQUEST, REQUESTS, SUNSET
from tollway.telemetry.endpoint import PREFIX

console = Console()


class Use(msgspec.Struct):
    """How a client uses a deprecated version."""

    product: str
    client: str
    requests: int = 0
    last: float = 0.0


def deprecated(*metrics: str, config: Config = DEFAULT) -> None:
    """List who still calls a deprecated version, how often, when last, and when the version ends.

    METRICS are the addresses at which gateways answer Prometheus, such as `http://10.0.0.7:9464/metrics`, one for each
    machine or pod; unless given, that of the configuration.
    """
    uses, sunsets = used([_fetched(url) for url in metrics or [_configured(config)]])
    if not sunsets:
        console.print("No product is deprecated.")
        return
    table = Table("product", "client", "requests", "last request (UTC)", "ends (UTC)")
    for use in uses:
        ends = sunsets.get(use.product, 0.0)
        table.add_row(use.product, use.client, str(use.requests), _shown(use.last), _shown(ends) or "not decided")
    console.print(table)
    for product in sorted(sunsets.keys() - {use.product for use in uses}):
        console.print(f"Nobody has called {product}, which ends {_shown(sunsets[product]) or 'on a day not decided'}.")


def used(scraped: list[str]) -> tuple[list[Use], dict[str, float]]:
    """Who uses what, over all gateways' metrics, most requests first; and when each deprecated product ends."""
    uses: dict[tuple[str, str], Use] = {}
    sunsets: dict[str, float] = defaultdict(float)
    for text in scraped:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name, labels = sample.name.removeprefix(PREFIX), sample.labels
                if name == SUNSET:
                    sunsets[labels["product"]] = max(sunsets[labels["product"]], sample.value)
                elif name in (f"{REQUESTS}_total", LAST_REQUEST):
                    key = (labels["product"], labels["client"])
                    use = uses.setdefault(key, Use(*key))
                    if name == LAST_REQUEST:
                        use.last = max(use.last, sample.value)
                    else:
                        use.requests += int(sample.value)
    return sorted(uses.values(), key=lambda use: (use.product, -use.requests)), dict(sunsets)


def _configured(config: Config) -> str:
    settings = load(config).telemetry
    if not settings.metrics_port:
        raise StartupError("The setting telemetry.metrics_port is missing: without it gateways tell nobody.")
    host = f"[{settings.metrics_host}]" if ":" in settings.metrics_host else settings.metrics_host
    return f"http://{host}:{settings.metrics_port}/metrics"


def _fetched(url: str) -> str:
    try:
        return httpx.get(url, timeout=10).raise_for_status().text
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StartupError(f"No gateway tells its metrics at {url}: {error}.") from None


def _shown(timestamp: float) -> str:
    return f"{dt.datetime.fromtimestamp(timestamp, dt.UTC):%Y-%m-%d %H:%M}" if timestamp else ""
