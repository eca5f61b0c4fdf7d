"""The story on the real ERP."""

import datetime as dt

import pytest

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.cli.demo.deals import DEALS
from tollway.cli.demo.people import People
from tollway.cli.demo.story import Story
from tollway.cli.demo.tryton import tryton_stage
from tollway.cli.embedded import embedded


@pytest.mark.real_erp
async def test_every_deal_ends_once_on_tryton(settings):
    """Each deal is one customer, one project and one paid invoice in a real Tryton, and Salesforce is told so."""
    async with tryton_stage(settings, print) as (staged, finance), embedded(staged) as running:
        org = OrgClient(read_settings("salesforce", staged.connections["salesforce"]))
        people = People(org, dt.datetime.now(dt.UTC).date())
        story = Story(running, people, finance, print)
        endings = {ending.deal: ending for ending in await story.play(DEALS)}
        books = await finance.books()
        assert set(endings) == {deal.name for deal in DEALS}
        assert [books.customers, books.projects, books.invoices, books.paid] == [len(DEALS)] * 4
        assert books.duplicates == 0
        assert await story.open_cases() == 0
        for ending in endings.values():
            assert ending.invoice
            assert ending.paid == ending.amount
        await story.close()
        await org.close()
