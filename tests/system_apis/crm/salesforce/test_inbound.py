"""What the org's Flow tells."""

import datetime as dt

import msgspec
import pytest

from system_apis.crm.salesforce.inbound import read
from tollway.canonical.record import Change
from tollway.problems import Invalid, Malformed

TOLD = {
    "event_id": "evt-1",
    "opportunity_id": "006ak0000000001AAA",
    "stage": "Closed Won",
    "occurred_at": "2025-11-14T10:30:00+01:00",
    "org_id": "00Dak0000000001AAA",
}


def test_a_callout_says_which_deal_changed():
    """The opportunity and the moment, in UTC, are the change; what a later package adds is let pass."""
    told = read(msgspec.json.encode(TOLD | {"extra": 1}))
    assert told.change() == Change(id="006ak0000000001AAA", at=dt.datetime(2025, 11, 14, 9, 30, tzinfo=dt.UTC))
    assert (told.event_id, told.stage) == ("evt-1", "Closed Won")


@pytest.mark.parametrize(
    "changes",
    [
        {"opportunity_id": "' OR Id != '"},
        {"occurred_at": "2025-11-14T10:30:00"},
        {"occurred_at": "yesterday"},
        {"event_id": ""},
        {"org_id": None},
    ],
)
def test_a_callout_that_is_wrong_is_refused(changes):
    """A callout is let in only with ids of the platform's shape and a moment in a zone."""
    with pytest.raises(Invalid):
        read(msgspec.json.encode(TOLD | changes))


def test_a_body_that_is_not_json():
    """What is not JSON cannot be read."""
    with pytest.raises(Malformed):
        read(b"opportunity_id=1")
