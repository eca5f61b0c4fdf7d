"""The PSA port on Certinia PSA, in a Salesforce org."""

from typing import Any, TypeVar

import msgspec

from system_apis.psa.certinia import changes, listing, mapping, models
from system_apis.psa.certinia.billed import erase_invoice, write_invoice
from system_apis.psa.certinia.queries import (
    KEY,
    MILESTONE,
    PROJECT,
    PROJECTS,
    RATE,
    RATE_KEY,
    TASK,
    TIMECARD,
    changed_work,
    of_number,
    on_invoice,
)
from system_apis.psa.certinia.work import to_items, to_work
from system_apis.salesforce_platform.batches import query_together, upsert_kinds
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.errors import REFUSED
from system_apis.salesforce_platform.settings import read_settings
from tollway.canonical.listing import ProjectStandingPage, Span, WorkPage
from tollway.canonical.project import Project, ProjectBilling, ProjectDetails, ProjectPlan
from tollway.canonical.record import Changes, Cursor
from tollway.canonical.work import BilledItems, ProjectWork
from tollway.ports.connection import Shared
from tollway.problems import Rejected, found

Row = TypeVar("Row", bound=msgspec.Struct)
PAGE = 200


def build_certinia_psa(name: str, tables: dict[str, Any], shared: Shared) -> "CertiniaPsa":
    """The adapter of the connection `name`; raises StartupError."""
    settings = read_settings(name, tables)
    quota = shared.quotas.of(name, "Salesforce", settings.quota)
    return CertiniaPsa(shared.get(settings, lambda: OrgClient(settings, quota)))


class CertiniaPsa:
    """Projects, plans and work are Certinia's; the rate card is an object of Tollway's package."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org

    async def check(self) -> str:
        return await self._org.check()

    async def close(self) -> None:
        await self._org.close()

    async def create_project(self, project: ProjectDetails) -> Project:
        done = await self._org.upsert(PROJECT, KEY, project.number, mapping.from_project(project))
        if done.created:
            return mapping.created_project(done.id, project)
        existing = found(await self._row(models.Project, project.number), _named(project.number))
        if existing.pse__Stage__c == mapping.CANCELLED["pse__Stage__c"]:
            await self._org.update(PROJECT, existing.Id, mapping.REOPENED)
            existing = found(await self._row(models.Project, project.number), _named(project.number))
        return mapping.to_project(existing)

    async def find_project(self, number: str) -> Project | None:
        row = await self._row(models.Project, number)
        return mapping.to_project(row) if row else None

    async def cancel_project(self, number: str) -> None:
        row = found(await self._row(models.ProjectBilling, number), _named(number))
        await self._org.update(PROJECT, row.Id, mapping.CANCELLED)

    async def set_plan(self, plan: ProjectPlan) -> ProjectPlan:
        records = {
            TASK: mapping.from_tasks(plan),
            MILESTONE: mapping.from_milestones(plan),
            RATE: mapping.from_rates(plan),
        }
        await upsert_kinds(self._org, {TASK: KEY, MILESTONE: KEY, RATE: RATE_KEY}, records)
        return plan

    async def find_plan(self, number: str) -> ProjectPlan | None:
        row = await self._row(models.PlannedProject, number)
        return mapping.to_plan(row) if row else None

    async def project_work(self, number: str) -> ProjectWork:
        return to_work(found(await self._row(models.WorkedProject, number), _named(number)))

    async def work_changes(self, cursor: Cursor) -> Changes:
        queries = {
            kind: (changed_work(kind, place, PAGE + 1), models.ChangedWork)
            for kind, place in changes.places(cursor).items()
        }
        return changes.page(await query_together(self._org, queries), cursor, PAGE)

    async def project_standings(self, after: str) -> ProjectStandingPage:
        return await listing.project_standings(self._org, after)

    async def work_entries(self, span: Span, project_number: str, after: str) -> WorkPage:
        return await listing.work_entries(self._org, span, project_number, after)

    async def mark_billed(self, billed: BilledItems) -> None:
        await write_invoice(self._org, billed)

    async def unmark_billed(self, billed: BilledItems) -> None:
        await erase_invoice(self._org, billed)

    async def find_billed(self, invoice_number: str) -> BilledItems | None:
        rows = await query_together(self._org, on_invoice(invoice_number))
        items = to_items(rows[TIMECARD], rows[MILESTONE], rows[RATE])
        return BilledItems(invoice_number=invoice_number, items=items) if items else None

    async def report_billing(self, billing: ProjectBilling) -> None:
        number = billing.project_number
        row = found(await self._row(models.ProjectBilling, number), _named(number))
        if {billing.invoiced.currency, billing.paid.currency} != {row.CurrencyIsoCode}:
            raise Rejected(f"Project {number} is kept in {row.CurrencyIsoCode} in Certinia.", category=REFUSED)
        await self._org.update(PROJECT, row.Id, mapping.from_billing(billing))

    async def find_billing(self, number: str) -> ProjectBilling | None:
        row = await self._row(models.ProjectBilling, number)
        return mapping.to_billing(number, row) if row else None

    async def _row(self, kind: type[Row], number: str) -> Row | None:
        return await self._org.first(f"{PROJECTS[kind]} {of_number(number)}", kind, PROJECT)


def _named(number: str) -> str:
    return f"project {number} in Certinia"
