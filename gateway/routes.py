"""Reads `routes.yaml`: the API products, where each goes and the policies that stand before it, in their order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from policies import POLICIES
from policies.base import Policy, name
from tollway.problems import StartupError
from tollway.strict import Strict

ROUTES = Path(__file__).with_name("routes.yaml")
_BY_NAME = {name(policy): policy for policy in POLICIES}


class Entry(Strict):
    """An API product as the file writes it."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
    """The product's name, in the catalog and in what is counted."""
    prefix: Annotated[str, msgspec.Meta(pattern="^/[a-z][a-z0-9-]*/v[1-9][0-9]*$")]
    """The first two segments of its addresses: API and major version."""
    service: str
    """The service that answers."""
    contract: str
    """Its OpenAPI document, below the folder of contracts."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """Seconds the service may take."""
    policies: list[dict[str, dict[str, Any] | None]] = []
    """The policies in the order in which a request meets them, each with its configuration."""


class File(Strict):
    """The whole file."""

    products: list[dict[str, Any]]


class Product(Strict):
    """An API product, ready to be built."""

    entry: Entry
    policies: Sequence[Policy]


def load(path: Path = ROUTES) -> list[Product]:
    """Every API product of the file; raises StartupError that names the file, the product and what is wrong."""
    try:
        file = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), File)
    except FileNotFoundError:
        raise StartupError(f"There is no file of routes {path}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise StartupError(f"The routes {path} cannot be read: {error}.") from error
    products = [_product(data, f"{path}: product {data.get('name', f'number {number}')}")
                for number, data in enumerate(file.products, 1)]  # fmt: skip
    for field in ("name", "prefix"):
        seen = [getattr(product.entry, field) for product in products]
        for value in seen:
            if seen.count(value) > 1:
                raise StartupError(f"{path}: two products have the {field} {value}.")
    return products


def _product(data: dict[str, Any], where: str) -> Product:
    try:
        entry = msgspec.convert(data, Entry)
    except msgspec.ValidationError as error:
        raise StartupError(f"{where}: {error}.") from None
    policies: list[Policy] = []
    before: list[str] = []
    for written in entry.policies:
        if len(written) != 1:
            raise StartupError(f"{where}: each of policies is one name with its configuration, not {sorted(written)}.")
        ((chosen, configuration),) = written.items()
        policies.append(_policy(chosen, configuration or {}, f"{where}: policy {chosen}"))
        before.append(chosen)
    _check_order(policies, before, where)
    return Product(entry=entry, policies=policies)


def _policy(chosen: str, configuration: dict[str, Any], where: str) -> Policy:
    kind = _BY_NAME.get(chosen)
    if kind is None:
        raise StartupError(f"{where}: there is no such policy; there are {', '.join(sorted(_BY_NAME))}.")
    try:
        return msgspec.convert(configuration, kind)
    except msgspec.ValidationError as error:
        raise StartupError(f"{where}: {error}.") from None


def _check_order(policies: list[Policy], names: list[str], where: str) -> None:
    for place, (policy, chosen) in enumerate(zip(policies, names, strict=True)):
        if chosen in names[:place]:
            raise StartupError(f"{where}: policy {chosen} stands there twice.")
        for needed in policy.after:
            if needed in names[place:]:
                raise StartupError(f"{where}: policy {chosen} must stand after {needed}.")
