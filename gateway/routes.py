"""Reads `routes.yaml`: the API products, where each goes and the policies that stand before it, in their order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from policies import POLICIES
from policies.base import Policy, name
from tollway.limits.plans import Plan, Plans
from tollway.problems import StartupError
from tollway.strict import Strict

ROUTES = Path(__file__).with_name("routes.yaml")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BY_NAME = {name(policy): policy for policy in POLICIES}


class Entry(Strict):
    """An API product as the file writes it."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
    """The product's name, in the catalog and in what is counted."""
    prefix: Annotated[str, msgspec.Meta(pattern="^/[a-z][a-z0-9-]*/v[1-9][0-9]*$")]
    """The first two segments of its addresses: API and major version."""
    service: str
    """The service that answers."""
    owner: str = ""
    """Who in the firm answers for the product, told in the catalog."""
    version_of: str = ""
    """The product whose service is asked in the place of one that speaks this older version; `gateway/versions/` has
    the change between the two, by this product's name."""
    contract: str
    """Its OpenAPI document, below the folder of contracts."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """Seconds the service may take."""
    policies: list[dict[str, dict[str, Any] | None]] = []
    """The policies in the order in which a request meets them, each with its configuration."""


class File(Strict):
    """The whole file."""

    plans: dict[str, dict[str, Any]] = {}
    """The plans by name."""
    default_plan: str = ""
    """The plan of clients that `clients` does not name and of callers without a token; empty for none."""
    clients: dict[str, str] = {}
    """The names of the clients' plans, by client id."""
    products: list[dict[str, Any]]


class Product(Strict):
    """An API product, ready to be built."""

    entry: Entry
    policies: Sequence[Policy]
    where: str
    """What an error message calls it: the file, the line and the name."""
    places: Sequence[str]
    """The same for each policy."""
    plans: Plans
    """The plans of the file, which are the same for every product."""


def load(path: Path = ROUTES) -> list[Product]:
    """Every API product of the file; raises StartupError that names the file, the line, the product and the reason."""
    try:
        text = path.read_text("utf-8")
        tree = yaml.compose(text, _LOADER)
        file = msgspec.convert(yaml.load(text, _LOADER), File)  # noqa: S506 - the loader is a safe one
    except FileNotFoundError:
        raise StartupError(f"There is no file of routes {path}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise StartupError(f"The routes {path} cannot be read: {error}.") from error
    lines = _Lines(path, tree)
    plans = _plans(file, lines)
    products = [_product(data, number, lines, plans) for number, data in enumerate(file.products)]
    for field in ("name", "prefix"):
        seen: set[str] = set()
        for product in products:
            value = getattr(product.entry, field)
            if value in seen:
                raise StartupError(f"{product.where}: another product has the {field} {value}.")
            seen.add(value)
    return products


class _Lines:
    """Where in the file its parts stand."""

    def __init__(self, path: Path, tree: yaml.Node | None) -> None:
        self._path = path
        self._tree = tree

    def place(self, *keys: str | int) -> str:
        """The file and the line of what is found by these keys, from the top of the file."""
        node: Any = self._tree
        for key in keys:
            if isinstance(key, int):
                node = node.value[key]
            else:
                node = next(value for name, value in node.value if name.value == key)
        return f"{self._path}, line {node.start_mark.line + 1}"


def _plans(file: File, lines: _Lines) -> Plans:
    plans: dict[str, Plan] = {}
    for called, data in file.plans.items():
        try:
            plans[called] = msgspec.convert(data, Plan)
        except msgspec.ValidationError as error:
            raise StartupError(f"{lines.place('plans', called)}: plan {called}: {error}.") from None
    for client, chosen in file.clients.items():
        if chosen not in plans:
            raise StartupError(f"{lines.place('clients', client)}: client {client}: there is no plan {chosen}.")
    if file.default_plan and file.default_plan not in plans:
        raise StartupError(f"{lines.place('default_plan')}: there is no plan {file.default_plan}.")
    return Plans(plans=plans, default_plan=file.default_plan, clients=file.clients)


def _product(data: dict[str, Any], number: int, lines: _Lines, plans: Plans) -> Product:
    called = f"product {data.get('name', f'number {number + 1}')}"
    where = f"{lines.place('products', number)}: {called}"
    try:
        entry = msgspec.convert(data, Entry)
    except msgspec.ValidationError as error:
        raise StartupError(f"{where}: {error}.") from None
    policies: list[Policy] = []
    names: list[str] = []
    places: list[str] = []
    for place, written in enumerate(entry.policies):
        line = lines.place("products", number, "policies", place)
        if len(written) != 1:
            raise StartupError(
                f"{line}: {called}: each of policies is one name with its configuration, not {sorted(written)}."
            )
        ((chosen, configuration),) = written.items()
        places.append(f"{line}: {called}, policy {chosen}")
        policies.append(_policy(chosen, configuration or {}, places[-1]))
        names.append(chosen)
    _check_order(policies, names, places)
    return Product(entry=entry, policies=policies, where=where, places=places, plans=plans)


def _policy(chosen: str, configuration: dict[str, Any], where: str) -> Policy:
    kind = _BY_NAME.get(chosen)
    if kind is None:
        raise StartupError(f"{where}: there is no such policy; there are {', '.join(sorted(_BY_NAME))}.")
    try:
        return msgspec.convert(configuration, kind)
    except msgspec.ValidationError as error:
        raise StartupError(f"{where}: {error}.") from None


def _check_order(policies: list[Policy], names: list[str], places: list[str]) -> None:
    for place, (policy, chosen) in enumerate(zip(policies, names, strict=True)):
        if chosen in names[:place]:
            raise StartupError(f"{places[place]}: it stands there twice.")
        for needed in policy.after:
            if needed in names[place:]:
                raise StartupError(f"{places[place]}: it must stand after {needed}.")
