"""What the org's record-triggered Flow tells of an opportunity, by an HTTP callout.

The Flow and its payload are part of Tollway's package. It only says where to look: the deal itself is read.
"""

import datetime as dt
from typing import Annotated

import msgspec

from tollway.canonical.record import Change, Identifier, Text
from tollway.problems import Invalid, Malformed

RecordId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$")]


class OpportunityChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An opportunity that changed; fields that a later package adds are let pass."""

    event_id: Identifier
    """The same when the Flow tells it again."""
    opportunity_id: RecordId
    stage: Text
    occurred_at: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    org_id: RecordId

    def change(self) -> Change:
        """The change of the deal, in UTC."""
        return Change(id=self.opportunity_id, at=self.occurred_at.astimezone(dt.UTC))


def read(body: bytes) -> OpportunityChanged:
    """The callout's body; raises Malformed or Invalid."""
    try:
        return msgspec.json.decode(body, type=OpportunityChanged)
    except msgspec.ValidationError as error:
        raise Invalid(f"The callout does not keep to its contract: {error}.") from None
    except msgspec.DecodeError:
        raise Malformed("The callout is not JSON.") from None
