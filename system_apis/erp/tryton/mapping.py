"""Customers, projects and billing plans between our terms and Tryton's; ids that need asking are parameters."""

import datetime as dt
import re
from collections.abc import Collection, Sequence
from decimal import Decimal

from system_apis.erp.tryton import models
from system_apis.erp.tryton.markers import identities, marked, marker
from tollway.canonical.billing import BillingPlan, BillingPlanLine
from tollway.canonical.contract import ContractType
from tollway.canonical.customer import CreditStatus, Customer, CustomerDetails
from tollway.canonical.matching import registration_key
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import Project, ProjectDetails

COMPLETE = 1.0
"""The progress at which nothing is left to do."""
_NATIONAL = re.compile("([a-z]{2})_vat")
"""Types of VAT numbers that Tryton may keep without their country; European ones keep theirs."""


def party_body(
    customer: CustomerDetails,
    *,
    terms: models.PartyTerms,
    identifier_type: str,
    country: int | None,
    subdivision: int | None,
) -> models.PartyBody:
    """A new party; `identifier_type` is that of its tax registration, if it has one."""
    account = _account_identifier(customer.account_id)
    registration = models.IdentifierBody(type=identifier_type, code=customer.tax_registration)
    email = [models.ContactBody(type="email", value=customer.billing_email)] if customer.billing_email else []
    return models.PartyBody(
        name=customer.name,
        code=customer.account_id,
        customer_payment_term=terms.customer_payment_term,
        customer_tax_rule=terms.customer_tax_rule,
        identifiers=models.create(*([registration] if customer.tax_registration else []), account),
        addresses=models.create(_address(customer.billing_address, country, subdivision)),
        contact_mechanisms=models.create(*email),
    )


def missing_terms(party: models.ShownParty, terms: models.PartyTerms) -> models.PartyTerms:
    """What a party that another company made has no value of yet in this one."""
    return models.PartyTerms(
        customer_payment_term=None if party.customer_payment_term else terms.customer_payment_term,
        customer_tax_rule=None if party.customer_tax_rule else terms.customer_tax_rule,
    )


def link_body(account_id: str) -> models.PartyLink:
    """What gives a party the account's id beside its own code."""
    return models.PartyLink(identifiers=models.create(_account_identifier(account_id)))


def account_marker(account_id: str) -> str:
    """The identifier of the party that an account is."""
    return marker("account", account_id)


def customer(party: models.ShownParty, legal_entity: str) -> Customer:
    """A customer as Tryton has it."""
    currency, limit = _code(party.currency), party.credit_limit_amount
    over = limit is not None and party.credit_amount > limit
    typed = [identifier for identifier in party.identifiers if identifier.type]
    untyped = [identities(identifier.code) for identifier in party.identifiers if not identifier.type]
    return Customer(
        id=str(party.id),
        number=party.code or "",
        name=party.name or "",
        legal_entity=legal_entity,
        account_id=next((said["account"] for said in untyped if "account" in said), ""),
        tax_registration=_registration(typed[0]) if typed else "",
        credit=CreditStatus.OVER_LIMIT if over else CreditStatus.GOOD,
        credit_limit=None if limit is None else Money(amount=limit, currency=currency).rounded(),
        balance=Money(amount=party.credit_amount, currency=currency).rounded(),
    )


def registration_codes(registration: str) -> list[str]:
    """How Tryton may keep a tax registration when all that groups it is taken off: whole or without its country."""
    key = registration_key(registration)
    return [key, key[2:]] if key[:2].isalpha() else [key]


def is_registered(party: models.ShownParty, registration: str) -> bool:
    """Whether one of the party's checked identifiers is this tax registration."""
    kept = [identifier for identifier in party.identifiers if identifier.type]
    known = {registration_key(code) for one in kept for code in (one.code, one.code_compact, _registration(one))}
    return registration_key(registration) in known - {""}


def project_body(project: ProjectDetails, *, company: int, party: int) -> models.WorkBody:
    """A new project; Tryton is not to bill it by itself, so it keeps its default of being invoiced manually."""
    return models.WorkBody(
        type="project",
        company=company,
        name=project.name,
        party=party,
        comment=marked(project=project.number, deal=project.deal_id, currency=project.currency),
    )


def project(work: models.ShownProject, legal_entity: str) -> Project:
    """A project of ours as Tryton has it."""
    said = identities(work.comment)
    return Project(
        id=str(work.id),
        number=said["project"],
        name=work.name,
        deal_id=said.get("deal", ""),
        account_id=(work.party.code or "") if work.party else "",
        legal_entity=legal_entity,
        status=work.status.name,
        closed=is_closed(work),
        currency=said.get("currency", ""),
    )


def is_closed(work: models.ShownProject) -> bool:
    """Whether the project's status is one that only finished work has."""
    return work.status.progress == COMPLETE


def plan_links(plan: BillingPlan, work: models.ShownProject, *, company: int, product: int) -> models.Links:
    """What makes the project's tasks the lines of the plan; empty when they are already."""
    kept = _plan_tasks(work.children)
    wanted = {
        line.id: _task_body(plan, line, place, priced=plan.currency == work.currency.code)
        for place, line in enumerate(plan.lines, 1)
    }
    new = [
        models.WorkBody(
            type="task",
            company=company,
            product=product,
            name=body.name,
            comment=body.comment,
            list_price=body.list_price,
            sequence=body.sequence,
            progress=0.0,
        )
        for line_id, body in wanted.items()
        if line_id not in kept
    ]
    changed = [
        ["write", [kept[line_id].id], models.values(body)]
        for line_id, body in wanted.items()
        if line_id in kept and body != _body_of(kept[line_id])
    ]
    stale = [task.id for line_id, task in kept.items() if line_id not in wanted]
    return [*models.create(*new), *changed, *([["delete", stale]] if stale else [])]


def billing_plan(work: models.ShownProject, number: str, legal_entity: str) -> BillingPlan | None:
    """The billing plan that the project's tasks make; None when none of them is of one."""
    tasks = _plan_tasks(work.children)
    said = [identities(task.comment) for task in tasks.values()]
    if not said:
        return None
    return BillingPlan(
        project_number=number,
        legal_entity=legal_entity,
        currency=said[0]["amount"].split()[1],
        contract_type=ContractType(said[0]["contract type"]),
        lines=[_plan_line(line_id, task) for line_id, task in tasks.items()],
    )


def _plan_tasks(tasks: Collection[models.ShownTask]) -> dict[str, models.ShownTask]:
    """The tasks that are lines of a plan, by the line's id and in the plan's order."""
    ordered = sorted(tasks, key=lambda task: (task.sequence or 0, task.id))
    said = [(identities(task.comment), task) for task in ordered]
    return {lines["billing plan line"]: task for lines, task in said if "billing plan line" in lines}


def _task_body(plan: BillingPlan, line: BillingPlanLine, place: int, *, priced: bool) -> models.WorkBody:
    """A line as a task; Tryton keeps prices in the company's currency only, so another stays in the comment."""
    comment = marked(
        billing_plan_line=line.id,
        contract_type=plan.contract_type,
        due=line.due.isoformat(),
        amount=f"{line.amount.amount} {line.amount.currency}",
    )
    price = line.amount.amount if priced else None
    return models.WorkBody(name=line.description, comment=comment, list_price=price, sequence=place)


def _body_of(task: models.ShownTask) -> models.WorkBody:
    return models.WorkBody(name=task.name, comment=task.comment, list_price=task.list_price, sequence=task.sequence)


def _plan_line(line_id: str, task: models.ShownTask) -> BillingPlanLine:
    """A task as a line; what finance made of its price counts."""
    said = identities(task.comment)
    amount, currency = said["amount"].split()
    price = Decimal(amount) if task.list_price is None else task.list_price
    due = dt.date.fromisoformat(said["due"])
    return BillingPlanLine(
        id=line_id, description=task.name, amount=Money(amount=price, currency=currency).rounded(), due=due
    )


def _address(address: Address, country: int | None, subdivision: int | None) -> models.AddressBody:
    """The address; a region that Tryton does not know is written behind the city."""
    city: Sequence[str] = (address.city, "" if subdivision else address.region)
    return models.AddressBody(
        street=address.street or None,
        postal_code=address.postal_code or None,
        city=", ".join(part for part in city if part) or None,
        country=country,
        subdivision=subdivision,
        invoice=True,
    )


def _account_identifier(account_id: str) -> models.IdentifierBody:
    return models.IdentifierBody(type=None, code=account_marker(account_id))


def _registration(identifier: models.ShownIdentifier) -> str:
    """A tax identifier with its country, without which Tryton keeps some."""
    national = _NATIONAL.fullmatch(identifier.type or "")
    country = national[1].upper() if national and national[1] != "eu" else ""
    return identifier.code if identifier.code.upper().startswith(country) else f"{country} {identifier.code}"


def _code(coded: models.Coded) -> str:
    return coded.code or ""
