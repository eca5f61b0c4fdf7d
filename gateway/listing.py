"""API products as the catalog tells of them: owner, lifecycle, plans, and what differs from the version before."""

from collections.abc import Sequence

import msgspec

from gateway import routes
from gateway.asgi import Api
from gateway.docs import Product, plan_words
from policies.lifecycle import Lifecycle
from tollway.contracts.changes.documents import of_document
from tollway.contracts.changes.rules import RULES
from tollway.contracts.published import Contract


def listed(products: Sequence[routes.Product], apis: Sequence[Api]) -> list[Product]:
    """Every product, in the order of the routes."""
    older = {api.entry.version_of: api for api in apis if api.entry.version_of}
    return [_listed(product, api, older.get(product.entry.name)) for product, api in zip(products, apis, strict=True)]


def _listed(product: routes.Product, api: Api, older: Api | None) -> Product:
    told = Product(
        name=api.entry.name,
        prefix=api.entry.prefix,
        owner=api.entry.owner,
        document=api.contract.document,
        limits={name: plan_words(plan) for name, plan in product.plans.plans.items()},
        changes=_changes(older, api) if older else (),
    )
    for policy in product.policies:
        if isinstance(policy, Lifecycle):
            told = msgspec.structs.replace(
                told,
                deprecated_on=policy.deprecated_on,
                sunset_on=policy.sunset_on,
                successor=policy.successor,
            )
    return told


def _changes(older: Api, newer: Api) -> list[str]:
    """What breaks a caller of the older version that calls the newer as if it were the same."""
    moved = _moved(older.contract, older.entry.prefix, newer.entry.prefix)
    return [
        f"{change.where.removeprefix('#/components/schemas/')}: {RULES[change.rule]}: {change.detail}"
        for change in of_document(moved, newer.contract.document)
    ]


def _moved(contract: Contract, prefix: str, to: str) -> dict[str, object]:
    """The document with its addresses below another prefix."""
    paths = {path.replace(prefix, to, 1): item for path, item in contract.document["paths"].items()}
    return contract.document | {"paths": paths}
