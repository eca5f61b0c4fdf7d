"""How `routes.yaml` is read, and what keeps the gateway from starting."""

import copy
from pathlib import Path

import msgspec
import pytest
import yaml

from gateway import products, routes
from gateway.app import create_gateway
from policies import POLICIES
from policies.base import GatewayResources, name
from tollway.cli.catalogue import CONTRACTS
from tollway.http.services import Services
from tollway.oauth.resource_server import resource_server
from tollway.problems import StartupError
from tollway.settings import GatewaySettings


@pytest.fixture
def start(contracts: Path, identity):
    """Starts a gateway from routes that a test has changed."""

    def with_change(change) -> None:
        path = contracts / "routes.yaml"
        data = copy.deepcopy(msgspec.yaml.decode(path.read_text("utf-8")))
        change(data["products"][0])
        path.write_text(yaml.safe_dump(data), "utf-8")
        create_gateway(
            services=Services(identity),
            settings=GatewaySettings(),
            contracts=contracts,
            oauth=resource_server(GatewaySettings(), secret="k" * 40),
            routes_file=path,
        )

    return with_change


def without(policy: str):
    return lambda product: product["policies"].remove(next(entry for entry in product["policies"] if policy in entry))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda product: product.pop("service"), r"product sales: Object missing required field `service`"),
        (lambda product: product.update(colour="red"), r"product sales: Object contains unknown field `colour`"),
        (lambda product: product.update(prefix="/sales"), r"product sales: Expected `str` matching regex"),
        (lambda product: product.update(prefix="/shop/v1"), r"has /sales/v1/quotes, which is not below /shop/v1"),
        (
            lambda product: product.update(contract="none.yaml"),
            r"no contract .*none\.yaml; `tollway openapi` writes it",
        ),
        (lambda product: product.update(timeout=0), r"product sales: Expected `float` > 0"),
        (
            lambda product: product["policies"].append({"magic": {}}),
            r"policy magic: there is no such policy; there are ",
        ),
        (
            lambda product: product["policies"].append({"scopes": {}}),
            r"line 13: product sales, policy scopes: it stands there twice",
        ),
        (lambda product: product["policies"].append({"a": {}, "b": {}}), r"each of policies is one name"),
        (lambda product: product["policies"].reverse(), r"policy \w+: it must stand after \w+"),
        (lambda product: product["policies"][2].update(rate_limit={"limits": "lots"}), r"policy rate_limit: "),
        (lambda product: product["policies"][1].update(authenticate={"leway": 1}), r"policy authenticate: .*`leway`"),
        (without("scopes"), r"product sales: .*asks for scopes, but no policy scopes stands here"),
        (without("authenticate"), r"product sales: .*asks for scopes, but no policy authenticate stands here"),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(start, change, words) -> None:
    """Whatever is wrong with the routes is told in one sentence that names the product and the entry."""
    with pytest.raises(StartupError, match=words):
        start(change)


def test_a_file_that_is_missing_or_no_yaml_is_refused(tmp_path: Path) -> None:
    """A missing or broken file is named."""
    with pytest.raises(StartupError, match=r"no file of routes .*none\.yaml"):
        routes.load(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("products: [", "utf-8")
    with pytest.raises(StartupError, match=r"broken\.yaml cannot be read"):
        routes.load(tmp_path / "broken.yaml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data["plans"]["small"].update(limits="lots"), r"line \d+: plan small: .*lots"),
        (lambda data: data["plans"]["small"].update(colour="red"), r"line \d+: plan small: .*`colour`"),
        (lambda data: data["clients"].update(shop="big"), r"line \d+: client shop: there is no plan big"),
        (lambda data: data.update(default_plan="big"), r"line \d+: there is no plan big"),
    ],
)
def test_a_wrong_plan_is_refused_with_its_line(contracts: Path, change, words) -> None:
    """What is wrong with a plan, or who is given one that is not there, is told with its line."""
    path = contracts / "routes.yaml"
    plans = {"plans": {"small": {"limits": "5/hour"}}, "clients": {"shop": "small"}, "default_plan": "small"}
    data = msgspec.yaml.decode(path.read_text("utf-8")) | plans
    path.write_text(yaml.safe_dump(data), "utf-8")
    assert routes.load(path)[0].plans.of("shop") == "small"
    change(data)
    path.write_text(yaml.safe_dump(data), "utf-8")
    with pytest.raises(StartupError, match=words):
        routes.load(path)


def test_two_products_cannot_share_an_address(contracts: Path) -> None:
    """A prefix belongs to one product."""
    path = contracts / "routes.yaml"
    data = msgspec.yaml.decode(path.read_text("utf-8"))
    data["products"].append({**copy.deepcopy(data["products"][0]), "name": "other"})
    path.write_text(yaml.safe_dump(data), "utf-8")
    with pytest.raises(StartupError, match="product other: another product has the prefix /sales/v1"):
        routes.load(path)


def test_the_shipped_routes_are_sound() -> None:
    """Every shipped product is guarded by every policy that needs no more than it, in an order that is allowed."""
    products = {product.entry.name: product for product in routes.load()}
    assert list(products) == ["sales", "finance", "finance_v1", "operations", "events", "inbound", "webhooks"]
    used = {named: {name(type(policy)) for policy in product.policies} for named, product in products.items()}
    # No origins of pages are known, and a version that goes away is a matter of its product.
    everywhere = {name(policy) for policy in POLICIES} - {"cors", "lifecycle"}
    assert used["sales"] == used["finance"] == used["operations"] == everywhere
    assert used["finance_v1"] == everywhere | {"lifecycle"}
    assert used["inbound"] == everywhere - {"idempotency"}  # a platform's event has an identity of its own
    # Platforms sign webhooks instead of showing a token, so there is nothing about a caller to be asked.
    assert used["webhooks"] == used["inbound"] - {"authenticate", "scopes", "object_access"}


@pytest.mark.parametrize("product", ["finance", "finance_v1"])
def test_money_is_not_answered_against_its_contract(product) -> None:
    """Where amounts are told, an answer that broke its contract does not reach the caller."""
    (found,) = [each for each in routes.load() if each.entry.name == product]
    (policy,) = [each for each in found.policies if name(type(each)) == "response_contract"]
    assert policy.on_drift == "refuse"


@pytest.mark.parametrize(
    ("named", "version_of", "words"),
    [
        ("finance_v1", "finance_v1", r"line 2: product finance_v1: it is a version of /finance/v2, not of /finance/v1"),
        ("finance_v1", "nothing", r"line 2: product finance_v1: version_of names no product: nothing"),
        ("other", "finance_v1", r"product other: gateway/versions/ has no version change of this name"),
    ],
)
def test_a_version_stands_on_the_next_newer_one(tmp_path: Path, identity, named, version_of, words) -> None:
    """What a product is said to be a version of must be what its change leads to, which rules out rings."""
    path = tmp_path / "routes.yaml"
    v1 = {"prefix": "/finance/v1", "service": "finance", "contract": "experience/finance.v1.yaml"}
    v2 = {"name": "finance", "prefix": "/finance/v2", "service": "finance", "contract": "experience/finance.v2.yaml"}
    written = [{**v1, "name": named, "version_of": version_of}]
    if named == "other":
        written.append({**v2, "name": "finance_v1"})
    path.write_text(yaml.safe_dump({"products": written}), "utf-8")
    shared = GatewayResources(oauth=resource_server(GatewaySettings(), secret="k" * 40))
    with pytest.raises(StartupError, match=words):
        products.build(routes.load(path), Services(identity), CONTRACTS, shared)
