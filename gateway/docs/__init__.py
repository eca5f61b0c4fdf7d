"""The pages on which people read the published APIs and try them."""

from collections.abc import Sequence
from pathlib import Path

from gateway.docs.overview import overview
from gateway.docs.product import Product, plan_words
from gateway.docs.reference import reference
from gateway.docs.shell import shell

__all__ = ["ASSETS", "Product", "overview_page", "plan_words", "reference_page"]

_HERE = Path(__file__).parent
ASSETS = {
    "style.css": ("text/css; charset=utf-8", _HERE.joinpath("style.css").read_bytes()),
    "try-it.js": ("text/javascript; charset=utf-8", _HERE.joinpath("try-it.js").read_bytes()),
}
"""Media type and content of what the pages load, by the name below `/docs/`."""


def overview_page(products: Sequence[Product]) -> str:
    """What APIs there are, in which versions, whose they are and what of them is going away."""
    return shell("Tollway APIs", products, overview(products))


def reference_page(product: Product, products: Sequence[Product]) -> str:
    """Every operation and object of one API, with a form to try each operation."""
    return shell(product.title, products, reference(product), current=product)
