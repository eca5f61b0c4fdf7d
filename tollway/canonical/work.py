"""Work that can be billed: approved hours and reached milestones."""

import datetime as dt
import enum

from tollway.canonical.money import Money, Quantity, exact
from tollway.canonical.record import FreeText, Identifier, LongText, Many, Record


class WorkKind(enum.StrEnum):
    """What kind of billing event it is."""

    TIME = "time"
    MILESTONE = "milestone"


class BillableItem(Record):
    """A billing event: something approved that is billed exactly once; `id` names it at the PSA for ever."""

    id: Identifier
    kind: WorkKind
    project_number: Identifier
    description: LongText
    quantity: Quantity
    """Hours for time, 1 for a milestone."""
    unit_price: Money
    amount: Money
    on: dt.date
    """The last day of the work, or the day the milestone was reached."""
    invoice_number: FreeText = ""
    """The invoice it is on according to the PSA; empty while it is not billed."""

    def __post_init__(self) -> None:
        exact(self.quantity)


class BilledItems(Record):
    """Billing events that an invoice now carries."""

    invoice_number: Identifier
    items: Many[BillableItem]


class ProjectWork(Record):
    """All approved work of a project, billed or not."""

    project_number: Identifier
    closed: bool
    """Whether the PSA takes no more work on the project."""
    items: Many[BillableItem] = []
