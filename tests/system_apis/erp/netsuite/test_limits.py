"""What NetSuite's answers tell of the account's limits."""

import httpx
import pytest

from system_apis.erp.netsuite.limits import governance, heard
from tollway.quota import Heard


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, {"accountConcurrencyLimit": 5, "accountUnallocatedConcurrencyLimit": 3}, 3),
        (
            200,
            {
                "accountConcurrencyLimit": 5,
                "accountUnallocatedConcurrencyLimit": 3,
                "integrationConcurrencyLimit": 2,
                "integrationLimitType": "integrationSpecific",
            },
            2,
        ),
        (403, {"title": "no"}, None),
        (200, ["something else"], None),
    ],
)
def test_the_calls_at_once_are_the_integrations_own_or_those_that_all_share(status, body, told) -> None:
    """An integration's own part counts, otherwise what is set aside for nobody; a refusal tells nothing."""
    assert governance(httpx.Response(status, json=body)) == Heard(concurrency=told)


def test_a_crowded_account_is_left_alone_for_a_moment() -> None:
    """The codes of too many calls mean a pause, whatever status they come with; other refusals mean none."""
    crowded = {"o:errorDetails": [{"detail": "too many", "o:errorCode": "SSS_REQUEST_LIMIT_EXCEEDED"}]}
    assert heard(httpx.Response(400, json=crowded)) == Heard(pause=2.0)
    assert heard(httpx.Response(429, headers={"retry-after": "7"})) == Heard(pause=7.0)
    refused = {"o:errorDetails": [{"detail": "no", "o:errorCode": "USER_ERROR"}]}
    assert heard(httpx.Response(400, json=refused)) == Heard()
    assert heard(httpx.Response(503)) == Heard(failed=True)
