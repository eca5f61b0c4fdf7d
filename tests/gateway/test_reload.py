"""Routes are taken into use while the gateway answers."""

import asyncio

import msgspec
import pytest
import yaml

from gateway import products, routes
from gateway.reload import RoutesReload
from policies.base import GatewayResources
from tollway.http.services import Services
from tollway.oauth.resource_server import resource_server
from tollway.problems import StartupError
from tollway.settings import GatewaySettings

SALES = (
    "{name: sales, prefix: /sales/v1, service: sales, contract: sales.v1.yaml,"
    " policies: [{correlation: {}}, {authenticate: {}}, {scopes: {}}]}"
)


def rewrite(gateway, change) -> None:
    data = msgspec.yaml.decode(gateway.routes_file.read_text("utf-8"))
    change(data["products"][0])
    gateway.routes_file.write_text(yaml.safe_dump(data), "utf-8")


def limited(amount: str):
    return lambda product: product["policies"][2].update(rate_limit={"limits": amount})


async def test_a_changed_file_is_taken_into_use_without_dropping_a_request(gateway, reader) -> None:
    """Requests that come all the while are all answered, and the new limit holds soon after the file changed."""
    reload = RoutesReload(gateway, pause=0.02)
    reload.start()
    policies = set()
    try:
        for number in range(40):
            if number == 5:
                rewrite(gateway, limited("1000/minute"))
            answers = await asyncio.gather(*(reader.get("/sales/v1/quotes/Q1") for _ in range(3)))
            assert {answer.status_code for answer in answers} == {200}
            policies |= {answer.headers["ratelimit-policy"] for answer in answers}
            await asyncio.sleep(0.02)
    finally:
        await reload.stop()
    assert [any(limit in policy for policy in policies) for limit in ("q=50", "q=1000")] == [True, True]


async def test_a_signal_reloads_too(gateway, reader) -> None:
    """Who asks for it gets the file read again at once, however rarely it is looked at."""
    reload = RoutesReload(gateway, pause=3600)
    reload.start()
    try:
        rewrite(gateway, limited("77/minute"))
        reload.ask()
        for _ in range(100):
            answer = await reader.get("/sales/v1/quotes/Q1")
            if "q=77" in answer.headers["ratelimit-policy"]:
                break
            await asyncio.sleep(0.01)
        assert "q=77" in answer.headers["ratelimit-policy"]
    finally:
        await reload.stop()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("products: [", r"routes\.yaml cannot be read.*line 2"),
        ("products:\n- name: sales\n  prefix: /sales/v1\n", r"routes\.yaml, line 2: product sales: "),
        (f"products:\n- {SALES.replace('sales.v1', 'none.v1')}", r"routes\.yaml, line 2: product sales: .*none\.v1"),
        (
            f"products:\n- {SALES.replace('service: sales', 'service: sails')}",
            r"routes\.yaml, line 2: product sales: The setting services\.sails\.url is missing",
        ),
    ],
)
async def test_a_bad_file_is_refused_whole(gateway, reader, text: str, words: str) -> None:
    """A file that is wrong is refused with line and reason, and the routes before it go on."""
    gateway.routes_file.write_text(text, "utf-8")
    with pytest.raises(StartupError, match=f"(?s){words}"):
        gateway.reload()
    assert (await reader.get("/sales/v1/quotes/Q1")).status_code == 200


def test_a_bad_file_leaves_nothing_behind(contracts, identity, service, issuer) -> None:
    """What a refused file says of a product before the one that is wrong changes nothing that is shared."""
    services = Services(identity)
    services.host("sales", service)
    services.check()
    oauth = resource_server(GatewaySettings(), secret="k" * 40, local={issuer.url: issuer.fetch})
    shared = GatewayResources(oauth=oauth)
    file = contracts / "routes.yaml"

    def build(failures: int, *others: str) -> None:
        strict = SALES.removesuffix("]}") + f", {{circuit_breaker: {{failures_in_a_row: {failures}}}}}]}}"
        file.write_text("products:\n" + "".join(f"- {product}\n" for product in (strict, *others)), "utf-8")
        _, when_taken = products.build(routes.load(file), services, contracts, shared)
        for take in when_taken:
            take()

    build(3)
    breaker = shared.kept["sales", "circuit"]
    with pytest.raises(StartupError, match="product more"):
        build(
            99,
            SALES.replace("name: sales", "name: more")
            .replace("/sales/v1", "/more/v1")
            .replace("service: sales", "service: sails"),
        )
    assert breaker.limits.failures_in_a_row == 3
    build(99)
    assert breaker.limits.failures_in_a_row == 99


async def test_what_was_counted_survives_a_reload(gateway, reader) -> None:
    """A reload gives nobody a fresh quota."""
    for _ in range(10):
        await reader.get("/sales/v1/quotes/Q1")
    gateway.reload()
    answer = await reader.get("/sales/v1/quotes/Q1")
    assert int(answer.headers["x-ratelimit-remaining"]) <= 39
