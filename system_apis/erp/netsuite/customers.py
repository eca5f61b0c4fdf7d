"""Customers: found however they are known, created once per account and legal entity, linked without being changed."""

import itertools

import msgspec

from system_apis.erp.netsuite import mapping
from system_apis.erp.netsuite.account import Account
from system_apis.erp.netsuite.external_ids import customer_key
from system_apis.erp.netsuite.models import CustomerBody
from system_apis.erp.netsuite.rows import CustomerRow, IdRow
from system_apis.erp.netsuite.suiteql import bare, literal, place, starting_with, without_punctuation
from tollway.canonical.case import Category
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.listing import CustomerPage
from tollway.canonical.matching import same_name, same_registration
from tollway.problems import Conflict, NotFound, Rejected

_COLUMNS = (
    "SELECT c.id, c.entityid, c.companyname, c.externalid, c.custentity_tollway_account_id AS account_id, "
    "c.vatregnumber, c.creditholdoverride, c.creditlimit, c.balancesearch, c.unbilledorderssearch, "
    "k.symbol AS currency FROM customer c JOIN customersubsidiaryrelationship r ON r.entity = c.id "
    "JOIN currency k ON k.id = c.currency"
)


class Customers:
    """The customers of an account."""

    def __init__(self, account: Account) -> None:
        self._account, self._client = account, account.client

    async def match(self, query: CustomerQuery) -> CustomerMatches:
        """Customers of the legal entity that may be the account, in one query."""
        ways = [_linked(query.account_id, query.legal_entity)]
        if registration := without_punctuation(query.tax_registration):
            ways.append(f"{bare('c.vatregnumber')} = {literal(registration)}")
        if beginning := _beginning(query.name):
            ways.append(f"{bare('c.companyname')} LIKE {starting_with(beginning)}")
        rows = await self._rows(query.legal_entity, f"c.isinactive = 'F' AND ({' OR '.join(ways)})")
        found = [mapping.customer(row, query.legal_entity) for row in rows]
        linked = self._only(_of_account(rows, found, query.account_id, query.legal_entity), query.account_id)
        others = [customer for customer in found if customer != linked]
        by_registration = [one for one in others if same_registration(one.tax_registration, query.tax_registration)]
        by_name = [one for one in others if same_name(one.name, query.name) and one not in by_registration]
        return CustomerMatches(linked=linked, by_tax_registration=by_registration, by_name=by_name)

    async def find(self, legal_entity: str, account_id: str) -> Customer | None:
        """The customer linked to the account, active or not."""
        rows = await self._rows(legal_entity, _linked(account_id, legal_entity))
        found = [mapping.customer(row, legal_entity) for row in rows]
        return self._only(_of_account(rows, found, account_id, legal_entity), account_id)

    async def create(self, customer: CustomerDetails) -> Customer:
        """Create the customer; its parent is set when NetSuite has it."""
        subsidiary = self._account.subsidiary(customer.legal_entity)
        body = mapping.customer_body(
            customer,
            subsidiary=subsidiary.subsidiary,
            currency=await self._client.currency(customer.currency),
            terms=self._account.terms(customer.payment_days),
            tax_code=subsidiary.tax_code,
            parent=await self._parent(customer),
        )
        key = customer_key(customer.account_id, customer.legal_entity)
        identity = await self._client.upsert("customer", key, body, f"customer {customer.name}", replace="addressBook")
        return mapping.created_customer(identity, customer)

    async def link(self, customer_id: str, customer: CustomerDetails) -> Customer:
        """Give a customer the account's id; raises Conflict when it is another account's."""
        where = f"c.id = {customer_id}" if customer_id.isascii() and customer_id.isdigit() else "1 = 0"
        rows = await self._rows(customer.legal_entity, where)
        if not rows:
            raise NotFound(f"NetSuite has no customer {customer_id} for legal entity {customer.legal_entity}.")
        kept = mapping.customer(rows[0], customer.legal_entity)
        if kept.account_id not in ("", customer.account_id):
            raise Conflict(f"Customer {kept.number} is linked to account {kept.account_id} already.")
        key = customer_key(customer.account_id, customer.legal_entity)
        body = CustomerBody(external_id=key, custentity_tollway_account_id=customer.account_id)
        await self._client.change("customer", customer_id, body, f"customer {kept.number}")
        return _with_account(kept, customer.account_id)

    async def page(self, legal_entity: str, after: str) -> CustomerPage:
        """A page of the legal entity's active customers, by id."""
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        where = f"r.subsidiary = {subsidiary} AND c.isinactive = 'F' AND c.id > {place(after)}"
        rows, more = await self._client.page(f"{_COLUMNS} WHERE {where} ORDER BY c.id", CustomerRow, "customers")
        items = [mapping.customer(row, legal_entity) for row in rows]
        return CustomerPage(items=items, next=items[-1].id if more else "")

    async def _parent(self, customer: CustomerDetails) -> str:
        if not customer.parent_account_id:
            return ""
        key = customer_key(customer.parent_account_id, customer.legal_entity)
        query = f"SELECT id FROM customer WHERE externalid = {literal(key)}"  # noqa: S608 - the literal is escaped
        rows = await self._client.query(query, IdRow, "the parent customer")
        return rows[0].id if rows else ""

    async def _rows(self, legal_entity: str, where: str) -> list[CustomerRow]:
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        query = f"{_COLUMNS} WHERE r.subsidiary = {subsidiary} AND {where} ORDER BY c.id"
        return await self._client.query(query, CustomerRow, "customers")

    @staticmethod
    def _only(linked: list[Customer], account_id: str) -> Customer | None:
        if len(linked) > 1:
            numbers = ", ".join(customer.number for customer in linked)
            raise Rejected(
                f"NetSuite links several customers to account {account_id}: {numbers}; only one may be.",
                category=Category.CUSTOMER_MASTER_CONFLICT,
            )
        return linked[0] if linked else None


def _linked(account_id: str, legal_entity: str) -> str:
    key = literal(customer_key(account_id, legal_entity))
    return f"(c.externalid = {key} OR c.custentity_tollway_account_id = {literal(account_id)})"


def _of_account(rows: list[CustomerRow], found: list[Customer], account_id: str, legal_entity: str) -> list[Customer]:
    """Those that bear the account's id or key."""
    key = customer_key(account_id, legal_entity)
    return [
        _with_account(customer, account_id)
        for row, customer in zip(rows, found, strict=True)
        if row.externalid == key or row.account_id == account_id
    ]


def _with_account(customer: Customer, account_id: str) -> Customer:
    return msgspec.structs.replace(customer, account_id=account_id)


def _beginning(name: str) -> str:
    """The first word as `bare` leaves it, up to what may be written differently, such as an accent."""
    first = without_punctuation((name.split() or [""])[0])
    plain = "".join(itertools.takewhile(lambda character: character.isascii() and character.isalnum(), first))
    return plain or first[:1]
