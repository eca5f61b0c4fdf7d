"""What every page has around its content."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from gateway.docs.product import Product
from gateway.docs.reference import menu

_PAGE = Template(Path(__file__).with_name("page.html").read_text("utf-8"))


def shell(title: str, products: Sequence[Product], content: str, current: Product | None = None) -> str:
    """The page: a menu of all APIs, with the operations of the current one, beside the content."""
    entries = []
    for product in products:
        link = f'<a class="api" href="{escape(product.page)}">{escape(product.title)}</a>'
        entries.append(f"<section>{link}{menu(product) if product is current else ''}</section>")
    return _PAGE.substitute(title=escape(title), menu="".join(entries), content=content)
