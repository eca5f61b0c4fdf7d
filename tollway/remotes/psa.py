"""The PSA port over HTTP."""

from tollway.canonical.listing import ProjectStandingPage, Span, WorkPage
from tollway.canonical.project import Project, ProjectBilling, ProjectDetails, ProjectPlan
from tollway.canonical.record import Changes, Cursor
from tollway.canonical.work import BilledItems, ProjectWork
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find


class RemotePsa:
    """Calls the psa service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def create_project(self, project: ProjectDetails) -> Project:
        return await self._client.call("POST", "/psa/v1/projects", Project, body=project)

    async def find_project(self, number: str) -> Project | None:
        return await find(self._client, _project(number), Project)

    async def set_plan(self, plan: ProjectPlan) -> ProjectPlan:
        return await self._client.call("PUT", f"{_project(plan.project_number)}/plan", ProjectPlan, body=plan)

    async def find_plan(self, number: str) -> ProjectPlan | None:
        return await find(self._client, f"{_project(number)}/plan", ProjectPlan)

    async def cancel_project(self, number: str) -> None:
        await self._client.call("POST", f"{_project(number)}/cancellation")

    async def project_work(self, number: str) -> ProjectWork:
        return await self._client.call("GET", f"{_project(number)}/work", ProjectWork)

    async def work_changes(self, cursor: Cursor) -> Changes:
        query = {"moment": cursor.moment.isoformat(), "after": cursor.id}
        return await self._client.call("GET", "/psa/v1/work-changes", Changes, **query)

    async def project_standings(self, after: str) -> ProjectStandingPage:
        return await self._client.call("GET", "/psa/v1/project-standings", ProjectStandingPage, after=after)

    async def work_entries(self, span: Span, project_number: str, after: str) -> WorkPage:
        days = {"start": span.start.isoformat(), "end": span.end.isoformat()}
        query = days | {"project_number": project_number, "after": after}
        return await self._client.call("GET", "/psa/v1/work-entries", WorkPage, **query)

    async def mark_billed(self, billed: BilledItems) -> None:
        await self._client.call("PUT", f"/psa/v1/billed-items/{segment(billed.invoice_number)}", body=billed)

    async def unmark_billed(self, billed: BilledItems) -> None:
        await self._client.call("POST", f"/psa/v1/billed-items/{segment(billed.invoice_number)}/release", body=billed)

    async def find_billed(self, invoice_number: str) -> BilledItems | None:
        return await find(self._client, f"/psa/v1/billed-items/{segment(invoice_number)}", BilledItems)

    async def report_billing(self, billing: ProjectBilling) -> None:
        await self._client.call("PUT", f"{_project(billing.project_number)}/billing", body=billing)

    async def find_billing(self, number: str) -> ProjectBilling | None:
        return await find(self._client, f"{_project(number)}/billing", ProjectBilling)


def _project(number: str) -> str:
    return f"/psa/v1/projects/{segment(number)}"
