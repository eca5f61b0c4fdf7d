"""Projects, and their billing plans as the projects' tasks.

Tryton numbers projects by itself, so the number that makes one ours is a line of its comment, and looking for it and
creating it are kept together by a lock.
"""

from system_apis.erp.tryton import mapping, models
from system_apis.erp.tryton.account import PAGE, Account, place, written
from system_apis.erp.tryton.customers import Customers
from system_apis.erp.tryton.markers import identities, marker
from tollway.canonical.billing import BillingPlan
from tollway.canonical.case import Category
from tollway.canonical.listing import ProjectPage
from tollway.canonical.project import Project, ProjectDetails
from tollway.problems import NotFound, Rejected

WORK = "project.work"


class Projects:
    """The projects of a database."""

    def __init__(self, account: Account, customers: Customers) -> None:
        self._account, self._client, self._customers = account, account.client, customers

    async def create(self, project: ProjectDetails) -> Project:
        """Create the project of the account's party, unless it is there."""
        company = await self._account.company(project.legal_entity)
        async with self._account.creating[company]:
            there = await self._work(company, project.number)
            if there is not None:
                return mapping.project(there, project.legal_entity)
            party = await self._customers.party(company, project.account_id)
            if party is None:
                raise Rejected(
                    f"Tryton has no customer for account {project.account_id} of project {project.number}.",
                    category=Category.CUSTOMER_MASTER_CONFLICT,
                )
            body = models.values(mapping.project_body(project, company=company, party=party.id))
            await self._client.call(f"model.{WORK}.create", [body], company=company)
        return await written(self.find(project.legal_entity, project.number), f"Project {project.number}")

    async def find(self, legal_entity: str, number: str) -> Project | None:
        """The project with this number."""
        work = await self._work(await self._account.company(legal_entity), number)
        return mapping.project(work, legal_entity) if work else None

    async def page(self, legal_entity: str, after: str) -> ProjectPage:
        """A page of our projects, by id."""
        company = await self._account.company(legal_entity)
        ours = ("comment", "like", f"%{marker('project', '')}%")
        domain = [("company", "=", company), ("type", "=", "project"), ours, ("id", ">", place(after))]
        rows = await self._account.read(models.ShownProject, WORK, domain, company=company, limit=PAGE + 1)
        marked = [work for work in rows[:PAGE] if "project" in identities(work.comment)]
        items = [mapping.project(work, legal_entity) for work in marked]
        return ProjectPage(items=items, next=str(rows[PAGE - 1].id) if len(rows) > PAGE else "")

    async def close(self, legal_entity: str, number: str) -> None:
        """Complete the project and all its tasks, which is how Tryton closes one."""
        company = await self._account.company(legal_entity)
        work = await self._existing(company, number)
        if mapping.is_closed(work):
            return
        types = [("types", "in", kind) for kind in ("project", "task")]
        statuses = await self._account.read(
            models.Id, f"{WORK}.status", [("progress", "=", mapping.COMPLETE), *types], limit=1
        )
        if not statuses:
            raise Rejected(
                "Tryton has no status that means that projects and tasks are complete.",
                category=Category.PLATFORM_REFUSED,
            )
        below = await self._account.read(models.Id, WORK, [("parent", "child_of", [work.id])], company=company)
        body = models.WorkBody(status=statuses[0].id, progress=mapping.COMPLETE)
        ids = [record.id for record in below]
        await self._client.call(f"model.{WORK}.write", ids, models.values(body), company=company)

    async def set_plan(self, plan: BillingPlan) -> BillingPlan:
        """Make the project's tasks those of the plan, in one write."""
        company = await self._account.company(plan.legal_entity)
        product = await self._account.product("milestone")
        async with self._account.creating[company]:
            work = await self._existing(company, plan.project_number)
            links = mapping.plan_links(plan, work, company=company, product=product)
            if links and mapping.is_closed(work):
                raise Rejected(
                    f"Project {plan.project_number} is closed in Tryton and takes no billing plan.",
                    category=Category.PROJECT_CLOSED,
                )
            if links:
                body = models.values(models.WorkBody(children=links))
                await self._client.call(f"model.{WORK}.write", [work.id], body, company=company)
        return plan

    async def find_plan(self, legal_entity: str, number: str) -> BillingPlan | None:
        """The project's billing plan in its order."""
        work = await self._work(await self._account.company(legal_entity), number)
        return mapping.billing_plan(work, number, legal_entity) if work else None

    async def _existing(self, company: int, number: str) -> models.ShownProject:
        work = await self._work(company, number)
        if work is None:
            raise NotFound(f"Tryton has no project {number}.")
        return work

    async def _work(self, company: int, number: str) -> models.ShownProject | None:
        """The oldest project that has the number in a line of its own."""
        domain = [("company", "=", company), ("type", "=", "project")]
        containing = ("comment", "like", f"%{marker('project', number)}%")
        found = await self._account.read(models.ShownProject, WORK, [*domain, containing], company=company)
        return next((work for work in found if identities(work.comment).get("project") == number), None)
