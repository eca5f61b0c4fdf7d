"""The PSA, system of record of projects, time and milestone progress."""

from typing import Protocol

from tollway.canonical.listing import ProjectStandingPage, Span, WorkPage
from tollway.canonical.project import Project, ProjectBilling, ProjectDetails, ProjectPlan
from tollway.canonical.record import Changes, Cursor
from tollway.canonical.work import BilledItems, ProjectWork


class Psa(Protocol):
    """Sets projects up, reads what has been delivered, and marks what has been billed."""

    async def create_project(self, project: ProjectDetails) -> Project:
        """Create the project, or bring the one with this number to these details."""
        ...

    async def find_project(self, number: str) -> Project | None:
        """The project with this number."""
        ...

    async def set_plan(self, plan: ProjectPlan) -> ProjectPlan:
        """Give a project its tasks, milestones and rate card, each once."""
        ...

    async def find_plan(self, number: str) -> ProjectPlan | None:
        """The project's plan, or None when it has none yet."""
        ...

    async def cancel_project(self, number: str) -> None:
        """Take a project back that was created for nothing: it is closed for work and marked cancelled."""
        ...

    async def project_work(self, number: str) -> ProjectWork:
        """All approved billable work of a project, billed or not; raises NotFound."""
        ...

    async def work_changes(self, cursor: Cursor) -> Changes:
        """Numbers of projects with approved work that changed after the cursor, oldest first."""
        ...

    async def project_standings(self, after: str) -> ProjectStandingPage:
        """A page of our projects behind the place `after`, with what was told of their billing."""
        ...

    async def work_entries(self, span: Span, project_number: str, after: str) -> WorkPage:
        """A page of approved billable work of the span's days, of one project or, without a number, of all of ours."""
        ...

    async def mark_billed(self, billed: BilledItems) -> None:
        """Write the invoice number onto the billed time and milestones."""
        ...

    async def unmark_billed(self, billed: BilledItems) -> None:
        """Have time and milestones that carry this invoice's number count as not billed; what carries another stays."""
        ...

    async def find_billed(self, invoice_number: str) -> BilledItems | None:
        """What the PSA says this invoice carries."""
        ...

    async def report_billing(self, billing: ProjectBilling) -> None:
        """Write invoice and payment status onto the project."""
        ...

    async def find_billing(self, number: str) -> ProjectBilling | None:
        """What the project says of its billing now."""
        ...
