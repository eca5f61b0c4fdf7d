"""Invoices taken back: cancelled while they are drafts, afterwards by Tryton's own credit note, which cancels them."""

import datetime as dt
from typing import Any

from system_apis.erp.tryton import invoice_mapping as mapping
from system_apis.erp.tryton import models, periods
from system_apis.erp.tryton.account import Account, written
from system_apis.erp.tryton.invoices import INVOICE, Invoices
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceStatus
from tollway.problems import Conflict, Rejected, found


class CreditNotes:
    """What takes the invoices of a database back."""

    def __init__(self, account: Account, invoices: Invoices) -> None:
        self._account, self._client, self._invoices = account, account.client, invoices

    async def cancel(self, legal_entity: str, reference: str) -> Invoice:
        """Cancel a draft."""
        invoice = found(await self._invoices.find(legal_entity, reference), f"invoice {reference} in Tryton")
        if invoice.status is InvoiceStatus.CANCELLED:
            return invoice
        if invoice.status is not InvoiceStatus.DRAFT:
            raise Conflict(f"Tryton has posted invoice {reference} as {invoice.number}: it takes a credit note.")
        company = await self._account.company(legal_entity)
        await self._client.call(f"model.{INVOICE}.cancel", [int(invoice.id)], company=company)
        return await written(self._invoices.find(legal_entity, reference), f"The cancellation of invoice {reference}")

    async def credit(self, legal_entity: str, reference: str, reason: str) -> CreditNote:  # noqa: ARG002 - the port's
        """Credit the whole invoice, unless that was done; Tryton has no unique key for it, hence the lock.

        The note is posted as it is made, and Tryton takes no remark on it afterwards.
        """
        company = await self._account.company(legal_entity)
        async with self._account.creating[company]:
            there = await self.find(legal_entity, reference)
            if there is not None:
                return there
            invoice = found(await self._invoices.find(legal_entity, reference), f"invoice {reference} in Tryton")
            if invoice.status is not InvoiceStatus.OPEN:
                said = f"Invoice {reference} is {invoice.status.replace('_', ' ')} in Tryton"
                raise Conflict(f"{said}; only one that is posted and not paid is taken back by a credit note.")
            today = dt.datetime.now(dt.UTC).date()
            try:
                await self._client.credit(int(invoice.id), today, company=company)
            except Rejected as refusal:
                what = f"the credit note of invoice {reference}"
                raise await periods.refused(self._account, refusal, company, today, what) from refusal
        return await written(self.find(legal_entity, reference), f"The credit note of invoice {reference}")

    async def find(self, legal_entity: str, reference: str) -> CreditNote | None:
        """The posted credit note whose lines come from the lines of our invoice with this reference."""
        invoice = await self._invoices.find(legal_entity, reference)
        if invoice is None:
            return None
        company = await self._account.company(legal_entity)
        of_it = ("lines.origin.invoice.id", "=", int(invoice.id), f"{INVOICE}.line")
        domain: list[Any] = [
            ("company", "=", company),
            ("type", "=", "out"),
            ("state", "in", ["posted", "paid"]),
            of_it,
        ]
        notes = await self._account.read(models.ShownInvoice, INVOICE, domain, company=company, limit=1)
        return mapping.credit_note(notes[0], reference, legal_entity) if notes else None
