"""`tollway up` as those see it who watch it."""

import asyncio
import json

import httpx
import msgspec
import pytest
import yaml

from gateway.routes import ROUTES
from tollway.cli.report import deprecated
from tollway.issuer import client_secret

DEPRECATED = {"deprecated_on": "2026-11-21", "successor": "/sales/v2", "documentation": "/docs"}


@pytest.fixture
def watched(variables, tmp_path, free_port):
    """The environment of an installation whose requests are told of, and whose sales API is deprecated."""
    file = msgspec.yaml.decode(ROUTES.read_text("utf-8"))
    for product in file["products"]:
        product["policies"] = [{"telemetry": {}}, *(each for each in product["policies"] if "telemetry" not in each)]
        if product["name"] == "sales":
            names = [next(iter(each)) for each in product["policies"]]
            product["policies"].insert(names.index("correlation") + 1, {"lifecycle": DEPRECATED})
    (tmp_path / "routes.yaml").write_text(yaml.safe_dump(file), "utf-8")
    return variables | {
        "TOLLWAY_GATEWAY__ROUTES": str(tmp_path / "routes.yaml"),
        "TOLLWAY_TELEMETRY__METRICS_PORT": str(free_port()),
        "TOLLWAY_TELEMETRY__ACCESS_LOG": str(tmp_path / "access.log"),
    }


async def test_what_is_asked_is_told(watched, tollway_up, tmp_path, capsys) -> None:
    """Requests are in the metrics, the report and, after a stop, all in the access log."""
    metrics = f"http://127.0.0.1:{watched['TOLLWAY_TELEMETRY__METRICS_PORT']}/metrics"
    async with tollway_up(watched), httpx.AsyncClient() as http:
        gateway = f"http://127.0.0.1:{watched['TOLLWAY_GATEWAY__PORT']}"
        secret = client_secret(tmp_path, "sales-app")
        granted = await http.post(
            f"{gateway}/oauth2/token", data={"grant_type": "client_credentials"}, auth=("sales-app", secret)
        )
        token = {"authorization": f"Bearer {granted.json()['access_token']}"}
        for _ in range(3):
            await http.get(f"{gateway}/sales/v1/nothing-here", headers=token)
        await http.get(f"{gateway}/sales/v1/nothing-here?secret=s3cret")
        told = (await http.get(metrics)).text
        await asyncio.to_thread(deprecated, metrics)
    labels = 'operation="",product="sales"'
    assert f'tollway_requests_total{{client="sales-app",{labels},status="404",version="v1"}} 3.0' in told
    assert f'tollway_requests_total{{client="anonymous",{labels},status="401",version="v1"}} 1.0' in told
    report = capsys.readouterr().out
    assert "sales-app" in report
    assert "not decided" in report
    text = (tmp_path / "access.log").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["status"] for line in lines if line["product"] == "sales"] == [404, 404, 404, 401]
    assert [(line["path"], line["status"]) for line in lines if not line["product"]][-1] == ("/oauth2/token", 200)
    assert "s3cret" not in text
