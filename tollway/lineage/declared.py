"""The words in which a process declares where the fields of what it writes come from.

Paths lead into what an effect writes (`wanted/…`), what the platform answered (`result/…`), and what the step was
given, by the names of its parameters (`contract/account/name`). A `*` stands for the same place in a list as in the
field that the rule is for, a `+` for every place of the list that a source is `each` of. `deal_id` and
`account_id` are the deal and the account that it is all about.
"""

from typing import Any

import msgspec


class Through(msgspec.Struct, frozen=True):
    """An object that Tollway wrote before, which carried the value on: its own origins are those of the value."""

    object_type: str
    id: str
    """Path to the object's id."""
    items: str
    """The list in that object: `rates`."""
    key: str
    """The field by which the right item of the list is known."""
    equals: str
    """Path to the value that the item's key has."""
    field: str
    """The item's field."""


class Source(msgspec.Struct, frozen=True):
    """A field of a record in a source system."""

    system: str
    record: str
    id: str
    """Path to the record's id."""
    field: str
    """The field there, in canonical terms."""
    value: str = ""
    """Path to what it held; empty where nobody has it any more."""
    each: str = ""
    """Path to a list, every item of which is a source."""
    through: Through | None = None


class Rule(msgspec.Struct, frozen=True):
    """Where a field comes from; one without sources is ours, and says why."""

    field: str
    """Its path in what is written; empty where that is a single value."""
    sources: tuple[Source, ...] = ()
    how: str = ""
    """How the value follows from the sources; empty for a copy."""


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of effect writes, and where each field of it comes from."""

    effect: str
    """What the identities of these effects begin with."""
    object_type: str
    system: str
    """The domain whose platform is written to."""
    writes: Any
    """The type of what is written."""
    made_by: str
    """The function that makes it."""
    rules: tuple[Rule, ...]
    object_id: str = ""
    """Path to the object's identity; empty where that is the effect's, but for its beginning."""
    number: str = "result/number"
    """Path to the number that people quote."""
    when: tuple[str, str] | None = None
    """A path and the value there, where effects of this kind write different things."""
