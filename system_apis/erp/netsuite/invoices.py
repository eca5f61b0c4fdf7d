"""Invoices: created under their reference, posted by approval, and followed until they are paid."""

from collections.abc import Sequence
from decimal import Decimal

from system_apis.erp.netsuite import invoice_mapping as mapping
from system_apis.erp.netsuite import periods
from system_apis.erp.netsuite.account import Account
from system_apis.erp.netsuite.external_ids import external_id
from system_apis.erp.netsuite.models import InvoiceBody, Ref, ShownInvoice
from system_apis.erp.netsuite.rows import ChangeRow, CreditedRow, InvoiceRow
from system_apis.erp.netsuite.suiteql import day, literal, moment, moment_text, place, utc
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.listing import InvoicePage, Span
from tollway.canonical.record import Change, Changes, Cursor
from tollway.problems import NotFound, ProblemError, Rejected, UnknownOutcome

_OWN = utc("t.lastmodifieddate")
_APPLIED = utc("p.lastmodifieddate")
_CHANGED = f"GREATEST({_OWN}, NVL(MAX({_APPLIED}), {_OWN}))"
"""When an invoice or what was last applied to it changed."""
_COLUMNS = (
    "SELECT t.id, t.externalid, t.tranid, t.status, k.symbol AS currency, "
    "t.foreigntotal AS total, t.foreignamountpaid AS paid, SUM(-l.foreignamount) AS net, "
    f"{day('t.trandate')} AS trandate, {day('t.duedate')} AS duedate, {_OWN} AS changed, "
    "t.custbody_tollway_reference AS reference"
)
_FROM = (
    "FROM transaction t "
    "JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'F' AND l.taxline = 'F' "
    "JOIN currency k ON k.id = t.currency"
)
_LISTED = f"{_COLUMNS} {_FROM} WHERE t.type = 'CustInvc'"
_GROUPED = (
    "GROUP BY t.id, t.externalid, t.tranid, t.status, k.symbol, t.foreigntotal, t.foreignamountpaid, t.trandate, "
    "t.duedate, t.lastmodifieddate, t.custbody_tollway_reference"
)
_PROJECT = "NVL(t.custbody_tollway_project, j.custentity_tollway_project_number)"
"""An invoice made by hand says by the job that it is for whose it is."""
_OF_PROJECTS = (
    f"{_COLUMNS}, {_PROJECT} AS project_number {_FROM} LEFT JOIN job j ON j.id = t.entity WHERE t.type = 'CustInvc'"
)
_CHANGES = (
    f"SELECT t.id, t.custbody_tollway_reference AS reference, {_CHANGED} AS changed FROM transaction t "  # noqa: S608 - our own names
    "JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' "
    "LEFT JOIN nexttransactionlinelink a ON a.previousdoc = t.id AND a.linktype = 'Payment' "
    "LEFT JOIN transaction p ON p.id = a.nextdoc "
    "WHERE t.type = 'CustInvc' AND t.custbody_tollway_reference IS NOT NULL"
)

_CREDITED = (
    "SELECT a.previousdoc AS id, SUM(a.foreignamount) AS amount FROM nexttransactionlinelink a "
    "WHERE a.linktype = 'Payment' AND a.nexttype = 'CustCred' AND a.previousdoc IN ({}) GROUP BY a.previousdoc"
)
NOTHING = Decimal(0)


class Invoices:
    """The invoices of an account."""

    def __init__(self, account: Account) -> None:
        self._account, self._client = account, account.client

    async def create(self, invoice: InvoiceDetails) -> Invoice:
        """Create the invoice and read what NetSuite made of it, tax above all."""
        account = self._account
        body = mapping.invoice_body(
            invoice,
            subsidiary=account.subsidiary(invoice.legal_entity).subsidiary,
            currency=await self._client.currency(invoice.currency),
            terms=account.terms(invoice.payment_days),
            items=account.items({line.kind for line in invoice.lines}),
            department=account.department(invoice.cost_centre),
            class_=account.class_(invoice.service_line),
            pending=self._client.settings.approve_invoices,
        )
        subject = f"invoice {invoice.reference}"
        try:
            await self._client.upsert("invoice", external_id(invoice.reference), body, subject, replace="item")
        except Rejected as refusal:
            raise await periods.refused(account, refusal, invoice.date, subject) from refusal
        return await self._written(invoice.legal_entity, invoice.reference)

    async def post(self, legal_entity: str, reference: str) -> Invoice:
        """Approve the invoice where the account wants that; elsewhere saving it has posted it."""
        invoice = await self.find(legal_entity, reference)
        if invoice is None:
            raise NotFound(f"NetSuite has no invoice {reference}.")
        if invoice.status != InvoiceStatus.DRAFT:
            return invoice
        return await self.decide(legal_entity, reference, mapping.APPROVED)

    async def decide(self, legal_entity: str, reference: str, approval: str) -> Invoice:
        """Approve or reject an invoice that is pending."""
        body = InvoiceBody(approval_status=Ref(id=approval))
        await self._client.change("invoice", f"eid:{external_id(reference)}", body, f"invoice {reference}")
        return await self._written(legal_entity, reference)

    async def find(self, legal_entity: str, reference: str) -> Invoice | None:
        """The invoice with this reference."""
        subject = f"invoice {reference}"
        shown = await self._client.read("invoice", external_id(reference), ShownInvoice, subject)
        if shown is None or shown.subsidiary.id != self._account.subsidiary(legal_entity).subsidiary:
            return None
        credited = await self._credited([shown.id] if shown.amount_paid else [])
        currency = await self._client.currency_code(shown.currency.id)
        return mapping.invoice(shown, legal_entity, currency, credited.get(shown.id, NOTHING))

    async def of_project(self, legal_entity: str, number: str) -> list[Invoice]:
        """Invoices of a project, those that finance made by hand for it too, oldest first."""
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        job = f"SELECT j.id FROM job j WHERE j.externalid = {literal(external_id(number))}"  # noqa: S608 - escaped
        where = f"(t.custbody_tollway_project = {literal(number)} OR t.entity IN ({job}))"
        query = f"{_LISTED} AND l.subsidiary = {subsidiary} AND {where} {_GROUPED} ORDER BY t.trandate, t.id"
        rows = await self._client.query(query, InvoiceRow, f"invoices of project {number}")
        return await self._listed(rows, legal_entity, number)

    async def changes(self, legal_entity: str, cursor: Cursor) -> Changes:
        """A page of our invoices that changed, or had something applied, after the cursor.

        Moments are compared as they are answered, to the second, and the id decides among equal ones: whatever
        fraction of a second NetSuite keeps, none is skipped and none comes twice.
        """
        seen, last = literal(moment_text(cursor.moment)), place(cursor.id)
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        query = (
            f"{_CHANGES} AND m.subsidiary = {subsidiary} AND ({_OWN} >= {seen} OR {_APPLIED} >= {seen}) "
            "GROUP BY t.id, t.custbody_tollway_reference, t.lastmodifieddate "
            f"HAVING {_CHANGED} > {seen} OR ({_CHANGED} = {seen} AND t.id > {last}) ORDER BY {_CHANGED}, t.id"
        )
        rows, more = await self._client.page(query, ChangeRow, "changes of invoices")
        items = [Change(id=row.reference, at=moment(row.changed)) for row in rows]
        after = Cursor(moment=items[-1].at, id=rows[-1].id) if rows else cursor
        return Changes(items=items, cursor=after, more=more)

    async def page(self, legal_entity: str, span: Span, after: str) -> InvoicePage:
        """A page of our projects' invoices of the span's days, by id."""
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        dated = f"{day('t.trandate')} >= {literal(str(span.start))} AND {day('t.trandate')} <= {literal(str(span.end))}"
        query = (
            f"{_OF_PROJECTS} AND l.subsidiary = {subsidiary} AND {_PROJECT} IS NOT NULL AND {dated} "
            f"AND t.id > {place(after)} {_GROUPED}, {_PROJECT} ORDER BY t.id"
        )
        rows, more = await self._client.page(query, InvoiceRow, "invoices")
        items = await self._listed([row for row in rows if row.project_number], legal_entity)
        return InvoicePage(items=items, next=rows[-1].id if more else "")

    async def _listed(self, rows: Sequence[InvoiceRow], legal_entity: str, number: str = "") -> list[Invoice]:
        """Invoices as a query lists them, of the project with this number or of the one that each row names."""
        credited = await self._credited([row.id for row in rows if row.paid])
        return [
            mapping.listed_invoice(row, legal_entity, number or row.project_number, credited.get(row.id, NOTHING))
            for row in rows
        ]

    async def _credited(self, ids: Sequence[str]) -> dict[str, Decimal]:
        """How much of what counts as paid on invoices is credit memos, by the invoices' ids."""
        if not ids:
            return {}
        rows = await self._client.query(_CREDITED.format(", ".join(ids)), CreditedRow, "credit notes of invoices")
        return {row.id: row.amount for row in rows}

    async def _written(self, legal_entity: str, reference: str) -> Invoice:
        """The invoice just written; that it cannot be read leaves open what became of it."""
        try:
            invoice = await self.find(legal_entity, reference)
        except ProblemError as error:
            raise UnknownOutcome(f"Invoice {reference} was written but not read back: {error.detail}") from error
        if invoice is None:
            raise UnknownOutcome(f"Invoice {reference} was written but is not found in legal entity {legal_entity}.")
        return invoice
