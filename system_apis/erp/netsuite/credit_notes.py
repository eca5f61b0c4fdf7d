"""Invoices taken back: cancelled while they are not posted, afterwards by a credit memo made of the invoice itself.

Sources: SuiteTalk REST Web Services API Guide, "Transforming Records" (the new record has the invoice's lines, and is
applied to it), "Using External IDs" (unique, so that a second memo of the same invoice is refused), "Deleting a Record
Instance".
"""

import datetime as dt

from system_apis.erp.netsuite import invoice_mapping as mapping
from system_apis.erp.netsuite import periods
from system_apis.erp.netsuite.account import Account
from system_apis.erp.netsuite.external_ids import external_id
from system_apis.erp.netsuite.invoices import Invoices
from system_apis.erp.netsuite.models import ShownCreditMemo
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceStatus
from tollway.problems import Conflict, ProblemError, Rejected, UnknownOutcome, found


class CreditNotes:
    """What takes the invoices of an account back."""

    def __init__(self, account: Account, invoices: Invoices) -> None:
        self._account, self._client, self._invoices = account, account.client, invoices

    async def cancel(self, legal_entity: str, reference: str) -> Invoice:
        """Reject the approval of a pending invoice, which keeps it from ever being posted."""
        invoice = found(await self._invoices.find(legal_entity, reference), f"invoice {reference} in NetSuite")
        if invoice.status is InvoiceStatus.CANCELLED:
            return invoice
        if invoice.status is not InvoiceStatus.DRAFT:
            raise Conflict(f"NetSuite has posted invoice {reference} as {invoice.number}: it takes a credit note.")
        return await self._invoices.decide(legal_entity, reference, mapping.REFUSED)

    async def credit(self, legal_entity: str, reference: str, reason: str) -> CreditNote:
        """Make a credit memo of the whole invoice, unless there is one."""
        there = await self.find(legal_entity, reference)
        if there is not None:
            return there
        invoice = found(await self._invoices.find(legal_entity, reference), f"invoice {reference} in NetSuite")
        if invoice.status is not InvoiceStatus.OPEN:
            said = f"Invoice {reference} is {invoice.status.replace('_', ' ')} in NetSuite"
            raise Conflict(f"{said}; only one that is posted and not paid is taken back by a credit note.")
        body = mapping.credit_memo_body(_key(reference), invoice, reason)
        subject = f"credit note of invoice {reference}"
        try:
            await self._client.transform("invoice", invoice.id, "creditMemo", body, subject)
        except Rejected as refusal:
            today = dt.datetime.now(dt.UTC).date()  # the account dates it, and its day is ours but for some hours
            raise await periods.refused(self._account, refusal, today, subject) from refusal
        try:
            written = await self.find(legal_entity, reference)
        except ProblemError as error:
            raise UnknownOutcome(f"Invoice {reference} was credited but not read back: {error.detail}") from error
        if written is None:
            raise UnknownOutcome(f"Invoice {reference} was credited but its credit note is not found.")
        return written

    async def find(self, legal_entity: str, reference: str) -> CreditNote | None:
        """The credit memo that was made of the invoice with this reference."""
        subject = f"credit note of invoice {reference}"
        shown = await self._client.read("creditMemo", _key(reference), ShownCreditMemo, subject)
        if shown is None or shown.subsidiary.id != self._account.subsidiary(legal_entity).subsidiary:
            return None
        currency = await self._client.currency_code(shown.currency.id)
        return mapping.credit_note(shown, reference, legal_entity, currency)


def _key(reference: str) -> str:
    return external_id(reference, "CREDIT")
