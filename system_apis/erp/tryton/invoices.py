"""Invoices: created under their reference, posted, and followed until they are paid."""

import datetime as dt
from typing import Any

from system_apis.erp.tryton import invoice_mapping as mapping
from system_apis.erp.tryton import models, periods
from system_apis.erp.tryton.account import PAGE, Account, converted, place, written
from system_apis.erp.tryton.customers import Customers
from system_apis.erp.tryton.markers import identities, marker
from tollway.canonical.case import Category
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.listing import InvoicePage, Span
from tollway.canonical.record import Change, Changes, Cursor
from tollway.problems import NotFound, Rejected

INVOICE = "account.invoice"
FORESEEN = frozenset({"invoice_date_future", "invoice_payment_term"})
"""Warnings about the invoice's date and due date, both of which the billing run has decided."""
_OF_PROJECTS = [("type", "=", "out"), ("comment", "like", f"%{marker('project', '')}%")]
"""A copy that somebody makes of our invoice keeps the comment, and so the project, but not the reference."""
_OURS = [*_OF_PROJECTS, ("reference", "!=", None)]


class Invoices:
    """The invoices of a database."""

    def __init__(self, account: Account, customers: Customers) -> None:
        self._account, self._client, self._customers = account, account.client, customers

    async def create(self, invoice: InvoiceDetails) -> Invoice:
        """Draft the invoice, unless it is there; references are not unique in Tryton, hence the lock."""
        company = await self._account.company(invoice.legal_entity)
        async with self._account.creating[company]:
            there = await self._shown(company, invoice.reference)
            if there is not None:
                return mapping.invoice(there, invoice.legal_entity)
            body = models.values(await self._body(invoice, company))
            await self._client.call(f"model.{INVOICE}.create", [body], company=company)
        return await written(self.find(invoice.legal_entity, invoice.reference), f"Invoice {invoice.reference}")

    async def post(self, legal_entity: str, reference: str) -> Invoice:
        """Post the draft, which books and numbers it; one that is no draft any more is returned as it is."""
        company = await self._account.company(legal_entity)
        there = await self._shown(company, reference)
        if there is None:
            raise NotFound(f"Tryton has no invoice {reference}.")
        invoice = mapping.invoice(there, legal_entity)
        if invoice.status is not InvoiceStatus.DRAFT:
            return invoice
        try:
            await self._client.post([there.id], company, skip_warnings=FORESEEN)
        except Rejected as refusal:
            date = invoice.date or dt.datetime.now(dt.UTC).date()
            raise await periods.refused(self._account, refusal, company, date, f"invoice {reference}") from refusal
        return await written(self.find(legal_entity, reference), f"Invoice {reference}")

    async def find(self, legal_entity: str, reference: str) -> Invoice | None:
        """The invoice with this reference."""
        shown = await self._shown(await self._account.company(legal_entity), reference)
        return mapping.invoice(shown, legal_entity) if shown else None

    async def of_project(self, legal_entity: str, number: str) -> list[Invoice]:
        """Invoices of a project, copies that somebody made of ours too, oldest first."""
        company = await self._account.company(legal_entity)
        marked = ("comment", "like", f"%{marker('project', number)}%")
        domain = [("company", "=", company), *_OF_PROJECTS, marked]
        order = [("invoice_date", "ASC"), ("id", "ASC")]
        found = await self._account.read(models.ShownInvoice, INVOICE, domain, company=company, order=order)
        invoices = [mapping.invoice(shown, legal_entity) for shown in found]
        return [invoice for invoice in invoices if invoice.project_number == number and _bills(invoice)]

    async def changes(self, legal_entity: str, cursor: Cursor) -> Changes:
        """A page of our invoices that changed, were paid or credited after the cursor; each of these writes them."""
        company = await self._account.company(legal_entity)
        seen = cursor.moment.astimezone(dt.UTC).replace(tzinfo=None)
        later = ("last_modified_at", ">", seen)
        same = [("last_modified_at", "=", seen), ("id", ">", place(cursor.id))]
        domain: list[Any] = [("company", "=", company), *_OURS, ["OR", later, same]]
        order = [("last_modified_at", "ASC"), ("id", "ASC")]
        rows = await self._account.read(
            models.ChangedInvoice, INVOICE, domain, company=company, limit=PAGE + 1, order=order
        )
        page = rows[:PAGE]
        items = [Change(id=row.reference, at=mapping.utc(row.last_modified_at)) for row in page if _is_ours(row)]
        after = Cursor(moment=mapping.utc(page[-1].last_modified_at), id=str(page[-1].id)) if page else cursor
        return Changes(items=items, cursor=after, more=len(rows) > PAGE)

    async def page(self, legal_entity: str, span: Span, after: str) -> InvoicePage:
        """A page of our projects' invoices of the span's days and of those without a day, by id."""
        company = await self._account.company(legal_entity)
        dated = [("invoice_date", ">=", span.start), ("invoice_date", "<=", span.end)]
        days = ["OR", dated, ("invoice_date", "=", None)]
        domain = [("company", "=", company), *_OF_PROJECTS, days, ("id", ">", place(after))]
        rows = await self._account.read(models.ShownInvoice, INVOICE, domain, company=company, limit=PAGE + 1)
        invoices = [mapping.invoice(shown, legal_entity) for shown in rows[:PAGE]]
        ours = [invoice for invoice in invoices if invoice.project_number and _bills(invoice)]
        return InvoicePage(items=ours, next=invoices[-1].id if len(rows) > PAGE else "")

    async def _body(self, invoice: InvoiceDetails, company: int) -> models.InvoiceBody:
        party = await self._customers.party(company, invoice.account_id)
        if party is None:
            raise Rejected(
                f"Tryton has no customer for account {invoice.account_id} of invoice {invoice.reference}.",
                category=Category.CUSTOMER_MASTER_CONFLICT,
            )
        start = {"type": "out", "company": company, "party": party.id}
        chosen = await self._client.call(f"model.{INVOICE}.on_change", start, ["type", "party"], company=company)
        kinds = {line.kind for line in invoice.lines}
        return mapping.invoice_body(
            invoice,
            company=company,
            party=party.id,
            currency=await self._account.currency(invoice.currency),
            payment_term=await self._account.terms(invoice.payment_days),
            chosen=converted(chosen, models.PartyDefaults, INVOICE),
            products={kind: await self._product(kind, company, party.id) for kind in kinds},
        )

    async def _product(self, kind: str, company: int, party: int) -> tuple[int, models.ProductDefaults]:
        """The product of a kind of line, and what Tryton fills in for it: unit, account, and taxes by its rules."""
        model, product = f"{INVOICE}.line", await self._account.product(kind)
        line = {"type": "line", "invoice_type": "out", "company": company, "party": party, "product": product}
        chosen = await self._client.call(f"model.{model}.on_change", line, ["product"], company=company)
        return product, converted(chosen, models.ProductDefaults, model)

    async def _shown(self, company: int, reference: str) -> models.ShownInvoice | None:
        """The oldest invoice with this reference, which people may give to another as well."""
        domain = [("company", "=", company), ("reference", "=", reference), *_OURS]
        found = await self._account.read(models.ShownInvoice, INVOICE, domain, company=company, limit=1)
        return found[0] if found else None


def _bills(invoice: Invoice) -> bool:
    """Whether it is ours or a copy of ours, and not a credit note, which takes over the comment as well."""
    return bool(invoice.reference) or invoice.net.amount >= 0


def _is_ours(row: models.ChangedInvoice) -> bool:
    return "project" in identities(row.comment)
