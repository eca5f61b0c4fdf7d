"""The story, on both storages: what the platforms themselves hold when it has been played."""

from decimal import Decimal

import pytest

from tollway.cli.demo.deals import DEALS
from tollway.cli.demo.story import Story

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
NET = {
    "Fabrikam: ERP blueprint": Decimal("24000.00"),
    "Contoso: data platform": Decimal("9705.00"),
    "Albion: claims portal": Decimal("9999.99"),
    "Thames: managed service": Decimal("5250.63"),
    "Adventure Works: quick scan": Decimal("12500.00"),
    "Litware: rollout": Decimal("4200.00"),
}
"""What is billed of each deal: its first milestone, or its approved hours at its rates."""


async def test_every_deal_ends_once(firm):
    """All deals end in one customer, project and paid invoice each, in every platform, and nobody is left waiting."""
    story = Story(firm.running, firm.people, firm.finance, lambda _: None, patience=60)
    endings = await story.play(DEALS)
    assert {end.deal for end in endings} == {deal.name for deal in DEALS}
    books = await firm.books()
    counts = (books.customers, books.projects, books.invoices, books.paid)
    assert counts == (len(DEALS),) * 4
    assert books.duplicates == 0
    assert await firm.cases() == []
    await story.close()
