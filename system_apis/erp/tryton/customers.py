"""Customers: found however they are known, created once per account, linked without being changed.

Tryton's companies share parties, so one party serves an account in all of them; what each company has its own of, such
as the tax rule and the credit limit, is read and written in that company. A party that we create has the account's id
as its code, which is unique. Tryton lets nobody change a code, so a party that finance made keeps its own and is linked
by an identifier, which is not unique: a lock keeps looking for one and giving one together.
"""

import asyncio
import itertools
from typing import Any

import msgspec

from system_apis.erp.tryton import mapping, models
from system_apis.erp.tryton.account import PAGE, Account, place, written
from tollway.canonical.case import Category
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.listing import CustomerPage
from tollway.canonical.matching import registration_key, same_name
from tollway.problems import Conflict, NotFound, Rejected

PARTY = "party.party"


class Customers:
    """The customers of a database."""

    def __init__(self, account: Account) -> None:
        self._account, self._client = account, account.client
        self._naming = asyncio.Lock()

    async def match(self, query: CustomerQuery) -> CustomerMatches:
        """Customers that may be the account."""
        ways: list[Any] = ["OR", ("name", "ilike", f"{_beginning(query.name)}%")]
        if registration_key(query.tax_registration):
            codes = mapping.registration_codes(query.tax_registration)
            ways.append(("identifiers.code_compact", "in", codes))
        company = await self._account.company(query.legal_entity)
        linked = await self.find(query.legal_entity, query.account_id)
        parties = await self._account.read(models.ShownParty, PARTY, ways, company=company)
        found = [(party, mapping.customer(party, query.legal_entity)) for party in parties]
        others = [(party, one) for party, one in found if linked is None or one.id != linked.id]
        registered = [one for party, one in others if mapping.is_registered(party, query.tax_registration)]
        by_name = [one for _, one in others if same_name(one.name, query.name) and one not in registered]
        return CustomerMatches(linked=linked, by_tax_registration=registered, by_name=by_name)

    async def find(self, legal_entity: str, account_id: str) -> Customer | None:
        """The customer that bears the account's id."""
        party = await self.party(await self._account.company(legal_entity), account_id)
        return _linked(party, legal_entity, account_id) if party else None

    async def party(self, company: int, account_id: str) -> models.ShownParty | None:
        """The account's party as a company sees it; raises Rejected unless it is the only one, and active."""
        domain = ["OR", ("code", "=", account_id), ("identifiers.code", "=", mapping.account_marker(account_id))]
        parties = await self._account.read(models.ShownParty, PARTY, domain, company=company, inactive=True)
        if len(parties) > 1:
            numbers = ", ".join(party.code or str(party.id) for party in parties)
            raise _conflict(f"Tryton links several customers to account {account_id}: {numbers}; only one may be.")
        if parties and not parties[0].active:
            raise _conflict(f"Finance has deactivated the customer {parties[0].code} ({parties[0].name}) in Tryton.")
        return parties[0] if parties else None

    async def page(self, legal_entity: str, after: str) -> CustomerPage:
        """A page of the active parties, which all companies share, by id."""
        company, behind = await self._account.company(legal_entity), [("id", ">", place(after))]
        rows = await self._account.read(models.ShownParty, PARTY, behind, company=company, limit=PAGE + 1)
        items = [mapping.customer(party, legal_entity) for party in rows[:PAGE]]
        return CustomerPage(items=items, next=items[-1].id if len(rows) > PAGE else "")

    async def create(self, customer: CustomerDetails) -> Customer:
        """Create the customer, or give one that another company made what it lacks in this one."""
        company = await self._account.company(customer.legal_entity)
        terms = models.PartyTerms(
            customer_payment_term=await self._account.terms(customer.payment_days),
            customer_tax_rule=await self._account.tax_exemption(company) if customer.tax_exempt else None,
        )
        async with self._naming:
            party = await self.party(company, customer.account_id) or await self._create(customer, terms, company)
        missing = models.values(mapping.missing_terms(party, terms)) if party else {}
        if party and missing:
            await self._client.call(f"model.{PARTY}.write", [party.id], missing, company=company)
        return await self._written(customer.legal_entity, customer.account_id)

    async def link(self, customer_id: str, customer: CustomerDetails) -> Customer:
        """Add the account's id to a customer's identifiers; raises Conflict when it is another account's."""
        company = await self._account.company(customer.legal_entity)
        numeric = customer_id.isascii() and customer_id.isdigit()
        domain = [("id", "=", int(customer_id) if numeric else -1)]
        parties = await self._account.read(models.ShownParty, PARTY, domain, company=company)
        if not parties:
            raise NotFound(f"Tryton has no customer {customer_id}.")
        kept = mapping.customer(parties[0], customer.legal_entity)
        if kept.account_id not in ("", customer.account_id):
            raise Conflict(f"Customer {kept.number} is linked to account {kept.account_id} already.")
        async with self._naming:
            there = await self.find(customer.legal_entity, customer.account_id)
            if there is not None and there.id != kept.id:
                raise _conflict(f"Account {customer.account_id} is linked to the customer {there.number} already.")
            if there is not None:
                return there
            body = models.values(mapping.link_body(customer.account_id))
            await self._client.call(f"model.{PARTY}.write", [parties[0].id], body, company=company)
        return await self._written(customer.legal_entity, customer.account_id)

    async def _create(
        self, customer: CustomerDetails, terms: models.PartyTerms, company: int
    ) -> models.ShownParty | None:
        """Create the party; one that is there by now, as codes are unique, is returned instead."""
        body = models.values(await self._body(customer, terms))
        try:
            await self._client.call(f"model.{PARTY}.create", [body], company=company)
        except Rejected as refusal:
            party = await self.party(company, customer.account_id)
            if party is None:
                raise _refusal(customer, refusal) from refusal
            return party
        return None

    async def _body(self, customer: CustomerDetails, terms: models.PartyTerms) -> models.PartyBody:
        address, registration = customer.billing_address, customer.tax_registration
        country = address.country or registration_key(registration)[:2]
        return mapping.party_body(
            customer,
            terms=terms,
            identifier_type=self._account.identifier_type(country) if registration else "",
            country=await self._account.country(address.country) if address.country else None,
            subdivision=await self._subdivision(address.country, address.region) if address.country else None,
        )

    async def _subdivision(self, country: str, region: str) -> int | None:
        """The state, province or county that is written by its code or its name; None when Tryton has none such."""
        if not region:
            return None
        way = ["OR", ("code", "=", f"{country}-{region.upper()}"), ("name", "=", region)]
        domain = [("country.code", "=", country), way]
        found = await self._account.read(models.Id, "country.subdivision", domain, limit=1)
        return found[0].id if found else None

    async def _written(self, legal_entity: str, account_id: str) -> Customer:
        return await written(self.find(legal_entity, account_id), f"The customer of account {account_id}")


def _linked(party: models.ShownParty, legal_entity: str, account_id: str) -> Customer:
    return msgspec.structs.replace(mapping.customer(party, legal_entity), account_id=account_id)


def _conflict(reason: str) -> Rejected:
    return Rejected(reason, category=Category.CUSTOMER_MASTER_CONFLICT)


def _refusal(customer: CustomerDetails, refusal: Rejected) -> Rejected:
    """Tryton's refusal in words of the business; about check digits it names the number that it refuses."""
    if customer.tax_registration and customer.tax_registration in refusal.detail:
        return Rejected(
            f"The tax registration {customer.tax_registration} of {customer.name} is not a valid number: "
            f"{refusal.detail}",
            category=Category.MISSING_TAX_REGISTRATION,
        )
    return Rejected(f"Tryton does not take the customer {customer.name}: {refusal.detail}")


def _beginning(name: str) -> str:
    """The first word up to what may be written differently, such as an accent or a hyphen."""
    first = (name.split() or [""])[0]
    plain = "".join(itertools.takewhile(lambda character: character.isascii() and character.isalnum(), first))
    return plain or "%"
