"""What a contract takes from its deal, as the rules of many things that are written have it."""

from tollway.lineage.declared import Rule, Source


def copied(source: Source, field: str = "") -> Rule:
    """A field that is the source's as it is, and has its name unless said otherwise."""
    return Rule(field or source.field, (source,))


def ours(field: str, why: str) -> Rule:
    """A field that no source system has."""
    return Rule(field, (), why)


def deal(field: str, value: str = "") -> Source:
    """A field of the deal; the contract, where the step has it, tells its value."""
    return Source("crm", "deal", "deal_id", field, value or f"contract/{field}")


def judged(field: str) -> Source:
    """A field of the deal of which only what was made of it is kept, not what it held."""
    return Source("crm", "deal", "deal_id", field)


def account(field: str, value: str = "") -> Source:
    """A field of the deal's account."""
    return Source("crm", "account", "account_id", field, value or f"contract/account/{field}")


def milestone(field: str) -> Source:
    """A field of the deal's milestone at the same place."""
    return Source("crm", "deal_milestone", "contract/milestones/*/id", field, f"contract/milestones/*/{field}")


def setting(name: str) -> Source:
    """A rule of the firm's, from the configuration."""
    return Source("tollway", "setting", "", name)


DEAL_ID = copied(deal("id", "contract/deal_id"), "deal_id")
NAME = copied(deal("name"))
PROJECT_NUMBER = Rule(
    "project_number", (deal("id", "contract/deal_id"),), "derived from the deal, so that it can only ever be one"
)
LEGAL_ENTITY = Rule(
    "legal_entity",
    (judged("legal_entity"), account("legal_entity")),
    "the deal's; where the deal names none, its account's",
)
CURRENCY = copied(deal("currency"))
CONTRACT_TYPE = Rule("contract_type", (judged("contract_type"),), "the deal's, in the words that all systems share")
VALUE = Rule("value", (judged("value"),), "the deal's, in the currency's smallest unit")
START, END = copied(deal("start")), copied(deal("end"))
PURCHASE_ORDER = copied(deal("purchase_order"))
PAYMENT_DAYS = Rule(
    "payment_days",
    (judged("payment_terms"), setting("onboarding.payment_terms")),
    "the days that the settings give to the deal's payment terms, or to its account's where the deal names none",
)


def service_line(field: str = "service_line") -> Rule:
    """The kind of service that was sold."""
    return copied(deal("service_line", "contract/dimensions/service_line"), field)


def cost_centre(field: str = "cost_centre") -> Rule:
    """The cost centre that delivers it."""
    return Rule(
        field,
        (judged("cost_centre"), setting("onboarding.service_lines")),
        "the deal's; where the deal names none, that of its service line in the settings",
    )
