"""The deals that the demo plays: two contract types, legal entities and currencies, and some of life's trouble."""

from decimal import Decimal
from typing import Any

import msgspec


class DemoDeal(msgspec.Struct, frozen=True, kw_only=True):
    """A deal as an account executive types it into the CRM."""

    name: str
    account: str
    parent: str = ""
    legal_entity: str
    country: str
    city: str
    state: str = ""
    tax_registration: str = ""
    service_line: str
    payment_terms: str = "Net 30"
    milestones: dict[str, str] = {}
    """Amounts by name; a deal with milestones is for a fixed fee."""
    rates: dict[str, tuple[str, str]] = {}
    """Hourly rate and planned hours by role."""
    hours: dict[str, str] = {}
    """Hours that are worked and approved, by role."""
    known_to_finance_as: str = ""
    """The name under which the ERP knows the customer before the deal is won."""
    unannounced: bool = False
    """Whether Salesforce's call about it never comes, so that the poller has to find it."""

    @property
    def currency(self) -> str:
        """The currency of the legal entity's country."""
        return {"US": "USD", "GB": "GBP"}[self.legal_entity_country]

    @property
    def legal_entity_country(self) -> str:
        """Where the selling legal entity sits."""
        return {"NWC-US": "US", "NWC-UK": "GB"}[self.legal_entity]

    @property
    def fixed_fee(self) -> bool:
        """Whether it is for a fixed fee, as opposed to time and materials."""
        return bool(self.milestones)

    @property
    def value(self) -> Decimal:
        """What was sold: the milestones, or the planned hours at their rates."""
        if self.fixed_fee:
            return sum((Decimal(amount) for amount in self.milestones.values()), Decimal(0))
        return sum((Decimal(rate) * Decimal(hours) for rate, hours in self.rates.values()), Decimal(0))


_US: dict[str, Any] = {"legal_entity": "NWC-US", "country": "United States"}
_UK: dict[str, Any] = {"legal_entity": "NWC-UK", "country": "United Kingdom"}

DEALS = (
    DemoDeal(
        name="Fabrikam: ERP blueprint",
        account="Fabrikam Inc",
        city="Oakland",
        state="CA",
        tax_registration="47-2030405",
        service_line="ADV",
        milestones={"Blueprint": "24000.00", "Design sign-off": "36000.00"},
        **_US,
    ),
    DemoDeal(
        name="Contoso: data platform",
        account="Contoso Ltd",
        city="Austin",
        state="TX",
        tax_registration="94-1156365",
        service_line="IMP",
        payment_terms="Net 45",
        rates={"Architect": ("240.00", "80"), "Engineer": ("180.00", "200")},
        hours={"Architect": "12.50", "Engineer": "37.25"},
        **_US,
    ),
    DemoDeal(
        name="Albion: claims portal",
        account="Albion Insurance plc",
        parent="Albion Group plc",
        city="London",
        tax_registration="GB232457323",
        service_line="IMP",
        milestones={"Discovery": "9999.99", "Build": "40000.01", "Go-live": "25000.00"},
        **_UK,
    ),
    DemoDeal(
        name="Thames: managed service",
        account="Thames Logistics Ltd",
        city="Reading",
        tax_registration="GB232457280",
        service_line="MGS",
        payment_terms="Net 15",
        rates={"Consultant": ("135.50", "160")},
        hours={"Consultant": "38.75"},
        unannounced=True,
        **_UK,
    ),
    DemoDeal(
        name="Adventure Works: quick scan",
        account="Adventure Works Cycles",
        city="Bothell",
        state="WA",
        service_line="ADV",
        milestones={"Report": "12500.00"},
        **_US,
    ),
    DemoDeal(
        name="Litware: rollout",
        account="Litware Incorporated",
        city="Denver",
        state="CO",
        tax_registration="36-2170433",
        service_line="IMP",
        rates={"Engineer": ("175.00", "120")},
        hours={"Engineer": "24.00"},
        known_to_finance_as="LITWARE HOLDINGS",
        **_US,
    ),
)
MENDED_TAX_REGISTRATION = "13-1975147"
"""What sales operations finds out about the deal that lacked it."""
