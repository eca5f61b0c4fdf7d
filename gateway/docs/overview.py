"""The page that lists the APIs: versions, owners, lifecycle and plans."""

import datetime as dt
from collections.abc import Sequence
from html import escape

from gateway.docs.product import Product
from gateway.docs.reference import table


def overview(products: Sequence[Product]) -> str:
    """One row for each API and version, and the plans that callers are held to."""
    rows = [
        ("<b>API</b>", "<b>Address</b>", "<b>State</b>", "<b>Owner</b>", "<b>Contract</b>"),
        *((f'<a href="{escape(product.page)}">{escape(product.title)}</a>', f"<code>{escape(product.prefix)}</code>",
           lifecycle(product), escape(product.owner), f'<a href="{escape(product.contract)}">OpenAPI</a>')
          for product in products),
    ]  # fmt: skip
    return (
        '<article id="apis"><h2>APIs</h2><p>Each is called with an OAuth 2.0 access token; '
        '<a href="/.well-known/oauth-protected-resource">where tokens come from</a>. The same list for machines is '
        f'<a href="/.well-known/api-catalog">the API catalog</a>.</p>{table(rows)}{_plans(products)}</article>'
    )


def lifecycle(product: Product) -> str:
    """The product's state, with what takes its place and when it ends."""
    state = product.state(dt.datetime.now(dt.UTC).date())
    words = [f'<span class="state {state}">{state}</span>']
    if product.sunset_on and state == "deprecated":
        words.append(f"until {product.sunset_on}")
    if product.successor and state != "live":
        words.append(f'use <a href="/docs{escape(product.successor)}">{escape(product.successor)}</a>')
    return " ".join(words)


def _plans(products: Sequence[Product]) -> str:
    rows = [
        (f"<code>{escape(product.prefix)}</code>", escape(plan), escape(words))
        for product in products
        for plan, words in product.limits.items()
    ]
    if not rows:
        return ""
    return f'<h3 id="plans">Plans</h3>{table([("<b>API</b>", "<b>Plan</b>", "<b>Grants</b>"), *rows])}'
