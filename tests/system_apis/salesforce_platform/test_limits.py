"""What an org's answers tell of its limits, and what becomes of calls beyond them."""

import httpx
import pytest

from system_apis.salesforce_platform.client import ApiUsage, OrgClient
from system_apis.salesforce_platform.limits import heard
from system_apis.salesforce_platform.sandbox import create_sandbox
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.problems import Throttled, Unavailable
from tollway.quota import Heard
from tollway.sandboxes import Fault, State, serve

LIMITED = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "…"}]


@pytest.mark.parametrize(
    ("status", "known", "told"),
    [
        (403, ApiUsage(18, 5000), Heard(used=18, allowed=5000, pause=2.0)),
        (403, ApiUsage(5000, 5000), Heard(used=5000, allowed=5000, exhausted=True)),
        (403, None, Heard(exhausted=True)),
        (200, ApiUsage(18, 5000), Heard(used=18, allowed=5000)),
        (503, None, Heard(failed=True)),
    ],
)
def test_the_count_tells_which_limit_refused(status, known, told) -> None:
    """One error code stands for a used up day and for long calls too many: with calls left, it is the second."""
    assert heard(httpx.Response(status, json=LIMITED), known) == told


async def test_a_used_up_day_parks_without_asking_again() -> None:
    """When the org has taken its calls, it is told in words with their number, and it is not asked any more."""
    sandbox = create_sandbox(State(), daily_requests=5)
    async with serve(sandbox) as address:
        org = OrgClient(OrgSettings(url=address.url, client_id="sandbox", client_secret="sandbox"))
        for _ in range(5):
            await org.check()
        asked = sum(sandbox.calls.values())
        for _ in range(3):
            with pytest.raises(Throttled, match=r"Salesforce has taken its 5 calls of the last 24 hours") as caught:
                await org.create("Account", {"Name": "A"})
            assert caught.value.retry_after > 3500
        assert sum(sandbox.calls.values()) == asked
        await org.close()


async def test_the_refusal_itself_closes_the_day() -> None:
    """An org whose calls others have used up refuses once; after that it is left alone."""
    sandbox = create_sandbox(State(), daily_requests=0)
    async with serve(sandbox) as address:
        org = OrgClient(OrgSettings(url=address.url, client_id="sandbox", client_secret="sandbox"))
        with pytest.raises(Throttled, match="used up the API calls"):
            await org.check()
        asked = sum(sandbox.calls.values())
        with pytest.raises(Throttled, match="has taken all calls that it takes in 24 hours"):
            await org.check()
        assert sum(sandbox.calls.values()) == asked
        await org.close()


async def test_an_org_that_fails_is_left_alone(salesforce) -> None:
    """After failures in a row nobody asks the org for a while, so that attempts are not burnt on it."""
    await salesforce.org.check()
    salesforce.sandbox.set(Fault(kind="error", status=503, path="/services/data"))
    for _ in range(5):
        with pytest.raises(Unavailable, match="answered 503"):
            await salesforce.org.check()
    salesforce.calls()
    with pytest.raises(Unavailable, match="has been failing and is left alone for 5 s"):
        await salesforce.org.check()
    assert salesforce.calls() == []
