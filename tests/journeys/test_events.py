"""What a partner hears of a deal, from its being won to its payment, by webhook and by reading the log."""

import asyncio

import msgspec
import pytest
from standardwebhooks import Webhook

from tollway.canonical.event import EventPage, EventType
from tollway.canonical.subscription import Channel, SigningSecret, Subscription, SubscriptionOrder
from tollway.cli.demo.callers import Caller
from tollway.sandboxes.server import serve

STORY = [
    EventType.DEAL_TAKEN_ON,
    EventType.CUSTOMER_ONBOARDED,
    EventType.PROJECT_ACTIVATED,
    EventType.INVOICE_POSTED,
]


@pytest.fixture
def variables(variables):
    """An installation that may send webhooks to this machine."""
    return variables | {"TOLLWAY_EVENTS__SECONDS": "0.1"}


@pytest.fixture
def settings(settings):
    """The same; a list cannot be given by a variable."""
    allowed = msgspec.structs.replace(settings.events, allowed_networks=["127.0.0.0/8"])
    return msgspec.structs.replace(settings, events=allowed)


async def test_a_partner_hears_the_story_of_a_deal(firm):
    """Each event of the story arrives signed and once, and tells by its sequence in which order all happened."""
    received: list[tuple[dict[str, str], bytes]] = []
    all_of_it = asyncio.Event()

    async def receiver(scope, receive, send):
        if scope["type"] == "http":
            message = await receive()
            received.append(({name.decode(): value.decode() for name, value in scope["headers"]}, message["body"]))
            if len(received) == len(STORY):
                all_of_it.set()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    url = f"http://{firm.settings.gateway.host}:{firm.settings.gateway.port}"
    partner = Caller(url, firm.settings.folder, "partner-app")
    async with serve(receiver) as address:
        order = SubscriptionOrder(name="deals", channel=Channel.WEBHOOK, url=f"{address.url}/hook", types=STORY)
        made = await partner.post("/events/v1/subscriptions", Subscription, order)
        deal = firm.hourly_deal()
        deal_id = await firm.sell(deal)
        number = (await firm.active(deal_id)).project_number
        await firm.people.work(deal, number)
        await firm.finished((await firm.bill(number)).process_id)
        await asyncio.wait_for(all_of_it.wait(), 60)
        secret = (await partner.get(f"/events/v1/subscriptions/{made.id}/secret", SigningSecret)).secret
    events = [Webhook(secret).verify(body, headers) for headers, body in received]
    events.sort(key=lambda event: event["sequence"])  # those of several subjects may overtake one another on their way
    assert [event["type"] for event in events] == STORY
    taken, onboarded, activated, posted = (event["data"] for event in events)
    assert taken["deal_id"] == activated["deal_id"] == deal_id
    assert onboarded["account_id"] == activated["account_id"]
    assert posted["project_number"] == activated["project_number"] == number
    asked = "&".join(f"type={kind}" for kind in STORY)
    page = await partner.get(f"/events/v1/events?after=0&{asked}", EventPage)
    assert [event.id for event in page.items] == [event["id"] for event in events]
    await partner.close()
