"""Checks a deal's terms: a complete contract, or all that is missing or wrong with it."""

import datetime as dt
from collections.abc import Iterator, Mapping

from tollway.canonical.case import Category, Finding
from tollway.canonical.contract import (
    Contract,
    ContractMilestone,
    ContractRate,
    ContractType,
    Dimensions,
)
from tollway.canonical.deal import Deal
from tollway.canonical.money import Money, total
from tollway.problem_document import Violation
from tollway.problems import Rejected
from tollway.settings import LegalEntity, OnboardingSettings

INCOMPLETE, MISMATCH = Category.INCOMPLETE_DEAL, Category.CONTRACT_MISMATCH


class Terms:
    """The firm's rules for what can be sold, billed and delivered."""

    def __init__(self, legal_entities: Mapping[str, LegalEntity], rules: OnboardingSettings) -> None:
        self._entities = legal_entities
        self._rules = rules

    def contract(self, deal: Deal) -> Contract:
        """The deal as a contract; raises Rejected that lists all that is missing or wrong."""
        findings = self.findings(deal)
        if findings:
            raise rejected(deal, findings)
        return self._contract(deal)

    def findings(self, deal: Deal) -> list[Finding]:
        """All that keeps the deal from being a contract, in the order in which a form would ask for it."""
        return [
            *self._account(deal),
            *self._commercial(deal),
            *_period(deal.start, deal.end),
            *_value(deal),
            *_pricing(deal),
        ]

    def _account(self, deal: Deal) -> Iterator[Finding]:
        account = deal.account
        if account is None:
            yield _missing("account", "The deal belongs to no account.")
            return
        if not account.name.strip():
            yield _missing("account.name", "The account has no name.")
        if account.parent_id == account.id:
            yield _missing("account.parent_id", "The account is its own parent.")
        address = account.billing_address
        if address.country is None or not address.city:
            yield _missing(
                "account.billing_address",
                "The account's billing address has no city or no country, so its tax jurisdiction is not known.",
            )
        if address.country == "US" and not address.region:
            yield _missing(
                "account.billing_address.region", "The account's billing address is in the US without a state."
            )
        entity = self._entities.get(deal.seller)
        registered = account.tax_registration or account.tax_exempt
        if entity is not None and entity.tax_registration_required and not registered:
            yield Finding(
                field="account.tax_registration",
                message="The account has no tax registration and is not marked tax exempt.",
                category=Category.MISSING_TAX_REGISTRATION,
            )

    def _commercial(self, deal: Deal) -> Iterator[Finding]:
        yield from self._entity_and_currency(deal)
        terms = _payment_terms(deal)
        if terms not in self._rules.payment_terms:
            yield _missing("payment_terms", _unknown("payment terms", terms, self._rules.payment_terms))
        if deal.service_line not in self._rules.service_lines:
            yield _missing("service_line", _unknown("service line", deal.service_line, self._rules.service_lines))
        if contract_type(deal.contract_type) is None:
            yield _missing("contract_type", _unknown("contract type", deal.contract_type, ContractType))

    def _entity_and_currency(self, deal: Deal) -> Iterator[Finding]:
        code = deal.seller
        entity = self._entities.get(code)
        account_code = deal.account.legal_entity if deal.account else ""
        if entity is None:
            yield Finding(
                field="legal_entity",
                message=_unknown("legal entity", code, self._entities),
                category=Category.UNMAPPED_LEGAL_ENTITY,
            )
            return
        if account_code and account_code != code:
            yield _wrong("legal_entity", f"The deal names the legal entity {code}, its account {account_code}.")
        if deal.currency not in entity.currencies:
            yield Finding(
                field="currency",
                message=f"{entity.name} does not bill in {deal.currency or 'no currency'}, "
                f"but in {', '.join(entity.currencies)}.",
                category=Category.CURRENCY_MISMATCH,
            )

    def _contract(self, deal: Deal) -> Contract:
        account, value, kind = deal.account, deal.value, contract_type(deal.contract_type)
        if account is None or value is None or kind is None or deal.start is None or deal.end is None:
            raise AssertionError("findings() lets no incomplete deal through")
        line = self._rules.service_lines[deal.service_line]
        return Contract(
            deal_id=deal.id,
            name=deal.name,
            account=account,
            legal_entity=deal.seller,
            currency=value.currency,
            payment_days=self._rules.payment_terms[_payment_terms(deal)],
            contract_type=kind,
            value=value.rounded(),
            start=deal.start,
            end=deal.end,
            dimensions=Dimensions(service_line=deal.service_line, cost_centre=deal.cost_centre or line.cost_centre),
            purchase_order=deal.purchase_order,
            milestones=[
                ContractMilestone(id=stone.id, name=stone.name, amount=stone.amount.rounded(), due=stone.due)
                for stone in (deal.milestones if kind is ContractType.FIXED_FEE else [])
                if stone.amount is not None and stone.due is not None
            ],
            rates=[
                ContractRate(role=rate.role, hourly=rate.hourly, planned_hours=rate.planned_hours)
                for rate in deal.rates
                if rate.hourly is not None
            ],
        )


def rejected(deal: Deal, findings: list[Finding]) -> Rejected:
    """The refusal that says all that is wrong; its category is that of the first finding."""
    said = " ".join(finding.message for finding in findings)
    return Rejected(
        f"The deal {deal.name!r} cannot be onboarded: {said}",
        category=findings[0].category,
        violations=[
            Violation(pointer="/" + finding.field.replace(".", "/"), message=finding.message) for finding in findings
        ],
    )


def contract_type(said: str) -> ContractType | None:
    """The contract type that the CRM's words mean; None when they mean none."""
    canonical = said.strip().lower().replace("&", "and").replace(" ", "_")
    return ContractType(canonical) if canonical in set(ContractType) else None


def _period(start: dt.date | None, end: dt.date | None) -> Iterator[Finding]:
    if start is None or end is None:
        yield _missing("start", "The deal has no start or no end date.")
    elif end < start:
        yield _wrong("end", f"The deal ends on {end}, before it starts on {start}.")


def _value(deal: Deal) -> Iterator[Finding]:
    if deal.value is None or deal.value.amount <= 0:
        yield _missing("value", "The deal has no value, or one that is not more than zero.")
        return
    if not deal.lines:
        yield _missing("lines", "The deal has no line items.")
    others = sorted({money.currency for money in _amounts(deal)} - {deal.currency})
    if others:
        said = f"The deal is in {deal.currency or 'no currency'}, some of its amounts in {', '.join(others)}."
        yield _wrong("currency", said)
        return
    if any(money.amount < 0 for money in _amounts(deal)):
        yield _wrong("lines", "The deal has a negative amount.")
    lines = total((line.total for line in deal.lines), deal.value.currency)
    if deal.lines and lines.rounded() != deal.value.rounded():
        yield _wrong("lines", f"The line items add up to {_say(lines)}, the deal's value is {_say(deal.value)}.")


def _pricing(deal: Deal) -> Iterator[Finding]:
    match contract_type(deal.contract_type):
        case ContractType.FIXED_FEE:
            yield from _milestones(deal)
        case ContractType.TIME_AND_MATERIALS:
            yield from _rates(deal)


def _milestones(deal: Deal) -> Iterator[Finding]:
    if not deal.milestones:
        yield _missing("milestones", "The deal is for a fixed fee but has no milestones.")
        return
    if any(not stone.name for stone in deal.milestones):
        yield _missing("milestones", "A milestone has no name.")
    if any(stone.due is None for stone in deal.milestones):
        yield _missing("milestones", "A milestone has no due date.")
    amounts = [stone.amount for stone in deal.milestones if stone.amount is not None]
    if len(amounts) < len(deal.milestones):
        yield _missing("milestones", "A milestone has no amount.")
    if any(amount.amount <= 0 for amount in amounts):
        yield _wrong("milestones", "A milestone's amount is not more than zero.")
    if deal.value is None or any(amount.currency != deal.value.currency for amount in amounts):
        return
    planned = total(amounts, deal.value.currency)
    if planned.rounded() != deal.value.rounded():
        yield _wrong(
            "milestones", f"The milestones add up to {_say(planned)}, the contract value is {_say(deal.value)}."
        )


def _rates(deal: Deal) -> Iterator[Finding]:
    if not deal.rates:
        yield _missing("rates", "The deal is for time and materials but has no rate card.")
    roles = [rate.role for rate in deal.rates]
    if any(not role for role in roles) or len(set(roles)) < len(roles):
        yield _wrong("rates", "The rate card has a role without a name, or the same role twice.")
    if any(rate.hourly is None for rate in deal.rates):
        yield _missing("rates", "The rate card has a role without an hourly rate.")
    if any(rate.hourly.amount <= 0 for rate in deal.rates if rate.hourly is not None):
        yield _wrong("rates", "The rate card has an hourly rate that is not more than zero.")


def _amounts(deal: Deal) -> list[Money]:
    lines = [money for line in deal.lines for money in (line.unit_price, line.total)]
    priced = [stone.amount for stone in deal.milestones] + [rate.hourly for rate in deal.rates] + [deal.value]
    return lines + [money for money in priced if money is not None]


def _payment_terms(deal: Deal) -> str:
    return deal.payment_terms or (deal.account.payment_terms if deal.account else "")


def _missing(field: str, message: str) -> Finding:
    return Finding(field=field, message=message, category=INCOMPLETE)


def _wrong(field: str, message: str) -> Finding:
    return Finding(field=field, message=message, category=MISMATCH)


def _unknown(what: str, given: str, known: object) -> str:
    names = ", ".join(str(name) for name in known)  # type: ignore[attr-defined]
    return f"The deal names {f'the {what} {given!r}' if given else f'no {what}'}; there are: {names}."


def _say(money: Money) -> str:
    return f"{money.rounded().amount} {money.currency}"
