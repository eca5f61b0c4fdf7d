"""The stack of handlers that a request of one API product goes through."""

from gateway.routes import Product
from policies.base import Handler, PolicyResources, name
from tollway.problems import StartupError


def build(product: Product, forward: Handler, resources: PolicyResources) -> Handler:
    """The product's policies, in their written order, around `forward`; raises StartupError."""
    _check_guarded(product, resources)
    handler = forward
    for policy, place in zip(reversed(product.policies), reversed(product.places), strict=True):
        try:
            handler = policy.wrap(handler, resources)
        except ValueError as error:
            raise StartupError(f"{place}: {error}.") from error
    return handler


def _check_guarded(product: Product, resources: PolicyResources) -> None:
    """Refuse to start when the contract promises what no policy keeps."""
    contract, entry = resources.contract, product.entry
    outside = [
        operation.path for operation in contract.operations if not f"{operation.path}/".startswith(f"{entry.prefix}/")
    ]
    if outside:
        raise StartupError(
            f"{product.where}: the contract {contract.source} has {outside[0]}, which is not below {entry.prefix}."
        )
    used = {name(type(policy)) for policy in product.policies}
    for needed in ("authenticate", "scopes"):
        if needed not in used and any(operation.scopes for operation in contract.operations):
            raise StartupError(
                f"{product.where}: the contract {contract.source} asks for scopes, but no policy {needed} stands here."
            )
