"""Change events: what a platform tells by itself, in the order in which it happened there."""

from typing import Annotated

import msgspec

from tollway.canonical.record import FreeText, Identifier, Many, Record, Text, Timestamp

Position = Annotated[str, msgspec.Meta(max_length=120)]
"""A place in a platform's stream of events, by the platform's own word; empty is the present."""

Wait = Annotated[int, msgspec.Meta(ge=0, le=20, extra_json_schema={"format": "int32"})]
"""Seconds to wait for something to tell."""


class ChangeEvent(Record):
    """A change of an object, told by its platform."""

    id: Text
    """The platform's own id of what it told about this object; told again it has the same id."""
    subject: Identifier
    """The object's id at the platform."""
    at: Timestamp
    """When the change was committed."""


class ChangeEvents(Record):
    """What has been told behind a position, and the position to go on from."""

    items: Many[ChangeEvent]
    position: Position
    until: Timestamp | None = None
    """The moment up to which everything has been told now; None when it is not known."""
    begun: bool = False
    """Whether it was told from the present on, so that nothing is known of what happened before."""
    missed: FreeText = ""
    """Why some of what happened is not among it; empty when all is."""
