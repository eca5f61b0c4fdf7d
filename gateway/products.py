"""API products made into handlers: the contract, the policies, and behind them the service or a newer version."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from gateway import pipeline
from gateway.asgi import Api
from gateway.forward import forward
from gateway.routes import Product
from gateway.versions import CHANGES
from gateway.versions.serving import transformed
from policies.base import GatewayResources, Handler, PolicyResources
from policies.response_contract import ResponseContract
from tollway.contracts import published
from tollway.contracts.published import Contract
from tollway.http.services import Services
from tollway.problems import StartupError


def build(
    products: Sequence[Product], services: Services, folder: Path, shared: GatewayResources
) -> tuple[list[Api], list[Callable[[], None]]]:
    """Each product as it answers, and what is to be done once they do.

    Raises StartupError that names the line of the routes.
    """
    builder = _Builder(products, services, folder, shared)
    return [builder.api(product) for product in products], builder.when_taken


class _Builder:
    """Builds products that may stand on one another."""

    def __init__(self, products: Sequence[Product], services: Services, folder: Path, shared: GatewayResources) -> None:
        self._by_name = {product.entry.name: product for product in products}
        self._services = services
        self._shared = shared
        self._load = cache(lambda file: published.load(folder, file))
        self.when_taken: list[Callable[[], None]] = []

    def api(self, product: Product) -> Api:
        contract = self._contract(product)
        handler = pipeline.build(product, self._behind(product), self._resources(product, contract))
        return Api(product.entry, contract, handler)

    def _resources(self, product: Product, contract: Contract) -> PolicyResources:
        entry = product.entry
        return PolicyResources(
            product=entry.name,
            service=entry.service,
            timeout=entry.timeout,
            contract=contract,
            plans=product.plans,
            gateway=self._shared,
            when_taken=self.when_taken,
        )

    def _contract(self, product: Product) -> Contract:
        with _said_of(product):
            return self._load(product.entry.contract)

    def _behind(self, product: Product) -> Handler:
        """What the product's policies stand before."""
        entry = product.entry
        if not entry.version_of:
            with _said_of(product):
                return forward(self._services, entry.service, entry.timeout)
        newer = self._newer(product)
        contract = self._contract(newer)
        following = self._behind(newer)
        for policy in newer.policies:
            if isinstance(policy, ResponseContract):  # the others are the older version's own to apply
                following = policy.wrap(following, self._resources(newer, contract))
        try:
            return transformed(following, CHANGES[entry.name], older=self._contract(product), newer=contract)
        except ValueError as error:
            raise StartupError(f"{product.where}: {error}.") from error

    def _newer(self, product: Product) -> Product:
        newer = self._by_name.get(product.entry.version_of)
        if newer is None:
            raise StartupError(f"{product.where}: version_of names no product: {product.entry.version_of}.")
        change = CHANGES.get(product.entry.name)
        if change is None:
            raise StartupError(f"{product.where}: gateway/versions/ has no version change of this name.")
        if newer.entry.prefix != change.newer:  # which also keeps versions from standing on one another in a ring
            raise StartupError(f"{product.where}: it is a version of {change.newer}, not of {newer.entry.prefix}.")
        return newer


@contextmanager
def _said_of(product: Product) -> Iterator[None]:
    """Have a StartupError say which line of the routes it is about."""
    try:
        yield
    except StartupError as error:
        raise StartupError(f"{product.where}: {error}") from None
