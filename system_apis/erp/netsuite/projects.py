"""Projects, which NetSuite calls jobs, with their billing plans and revenue schedules in custom records."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from system_apis.erp.netsuite import mapping
from system_apis.erp.netsuite.account import Account
from system_apis.erp.netsuite.external_ids import external_id
from system_apis.erp.netsuite.models import Body, JobBody, Ref
from system_apis.erp.netsuite.rows import JobRow, PlanRow
from system_apis.erp.netsuite.suiteql import day, literal, place
from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.listing import ProjectPage
from tollway.canonical.project import Project, ProjectDetails
from tollway.problems import ProblemError, UnknownOutcome

_COLUMNS = (
    "SELECT j.id, j.externalid, j.companyname, j.entitystatus, BUILTIN.DF(j.entitystatus) AS status_name, "
    "j.custentity_tollway_project_number AS number, "
    "j.custentity_tollway_deal_id AS deal_id, c.custentity_tollway_account_id AS account_id, "
    "k.symbol AS currency FROM job j LEFT JOIN customer c ON c.id = j.parent LEFT JOIN currency k ON k.id = j.currency"
)
PLAN = "customrecord_tollway_billing_plan"
SCHEDULE = "customrecord_tollway_revenue_schedule"
_PLAN_COLUMNS = (
    f"SELECT p.id, p.externalid, p.custrecord_tollway_bp_kind AS kind, "  # noqa: S608 - our own names
    "p.custrecord_tollway_bp_amount AS amount, "
    f"{day('p.custrecord_tollway_bp_date')} AS due, p.custrecord_tollway_bp_description AS description, "
    f"k.symbol AS currency FROM {PLAN} p JOIN job j ON j.id = p.custrecord_tollway_bp_job "
    f"JOIN currency k ON k.id = p.custrecord_tollway_bp_currency"
)
_SCHEDULE_COLUMNS = (
    "SELECT p.id, p.externalid, p.custrecord_tollway_rs_amount AS amount, "  # noqa: S608 - our own names
    f"{day('p.custrecord_tollway_rs_period')} AS due, "
    f"k.symbol AS currency FROM {SCHEDULE} p JOIN job j ON j.id = p.custrecord_tollway_rs_job "
    f"JOIN currency k ON k.id = p.custrecord_tollway_rs_currency"
)


class Projects:
    """The projects of an account."""

    def __init__(self, account: Account) -> None:
        self._account, self._client = account, account.client

    async def create(self, project: ProjectDetails) -> Project:
        """Create the project below its customer."""
        body = mapping.job_body(
            project,
            subsidiary=self._account.subsidiary(project.legal_entity).subsidiary,
            currency=await self._client.currency(project.currency),
        )
        identity = await self._client.upsert("job", external_id(project.number), body, f"project {project.number}")
        return mapping.created_project(identity, project)

    async def find(self, legal_entity: str, number: str) -> Project | None:
        """The project with this number."""
        query = f"{_COLUMNS} WHERE {self._is(legal_entity, number)}"
        rows = await self._client.query(query, JobRow, f"project {number}")
        closed = self._client.settings.closed_project_status
        return mapping.project(rows[0], number, legal_entity, closed) if rows else None

    async def page(self, legal_entity: str, after: str) -> ProjectPage:
        """A page of our projects, by id."""
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        ours = f"j.subsidiary = {subsidiary} AND j.custentity_tollway_project_number IS NOT NULL"
        query = f"{_COLUMNS} WHERE {ours} AND j.id > {place(after)} ORDER BY j.id"
        rows, more = await self._client.page(query, JobRow, "projects")
        closed = self._client.settings.closed_project_status
        items = [mapping.project(row, row.number, legal_entity, closed) for row in rows if row.number]
        return ProjectPage(items=items, next=rows[-1].id if more else "")

    async def close(self, legal_entity: str, number: str) -> None:
        """Give the project the status that means closed."""
        self._account.subsidiary(legal_entity)
        body = JobBody(entity_status=Ref(id=self._client.settings.closed_project_status))
        await self._client.change("job", f"eid:{external_id(number)}", body, f"project {number}")

    async def set_plan(self, plan: BillingPlan) -> BillingPlan:
        """Write every line of the plan and remove those of an earlier one."""
        bodies = mapping.plan_bodies(plan, await self._client.currency(plan.currency))
        await self._set(PLAN, bodies, self._plan_rows(plan.legal_entity, plan.project_number))
        return plan

    async def find_plan(self, legal_entity: str, number: str) -> BillingPlan | None:
        """The project's billing plan, earliest line first."""
        return mapping.billing_plan(await self._plan_rows(legal_entity, number), number, legal_entity)

    async def set_schedule(self, schedule: RevenueSchedule) -> RevenueSchedule:
        """Write every month of the schedule and remove those of an earlier one."""
        bodies = mapping.revenue_bodies(schedule, await self._client.currency(schedule.currency))
        await self._set(SCHEDULE, bodies, self._schedule_rows(schedule.legal_entity, schedule.project_number))
        return schedule

    async def find_schedule(self, legal_entity: str, number: str) -> RevenueSchedule | None:
        """The project's revenue schedule, earliest month first."""
        return mapping.revenue_schedule(await self._schedule_rows(legal_entity, number), number, legal_entity)

    async def _set(self, record: str, bodies: Mapping[str, Body], existing: Awaitable[list[PlanRow]]) -> None:
        """Write and look for an earlier plan's lines at once: a new plan, the usual case, waits for one call only."""
        writes = (self._client.upsert(record, key, body, f"{key} of the plan") for key, body in bodies.items())
        before: list[PlanRow] = (await _together(existing, *writes))[0]
        stale = [row for row in before if row.externalid not in bodies]
        await _together(*(self._client.delete(record, row.id, f"{row.externalid} of the plan") for row in stale))

    async def _plan_rows(self, legal_entity: str, number: str) -> list[PlanRow]:
        where = f"{self._is(legal_entity, number)} ORDER BY p.custrecord_tollway_bp_date, p.id"
        return await self._client.query(f"{_PLAN_COLUMNS} WHERE {where}", PlanRow, f"billing plan of {number}")

    async def _schedule_rows(self, legal_entity: str, number: str) -> list[PlanRow]:
        where = f"{self._is(legal_entity, number)} ORDER BY p.custrecord_tollway_rs_period, p.id"
        return await self._client.query(f"{_SCHEDULE_COLUMNS} WHERE {where}", PlanRow, f"revenue schedule of {number}")

    def _is(self, legal_entity: str, number: str) -> str:
        subsidiary = self._account.subsidiary(legal_entity).subsidiary
        return f"j.externalid = {literal(external_id(number))} AND j.subsidiary = {subsidiary}"


async def _together(*calls: Awaitable[Any]) -> list[Any]:
    """Wait for all calls; of several that failed, one of which nobody knows the outcome is raised first."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    unforeseen = [error for error in failed if not isinstance(error, ProblemError)]
    unknown = [error for error in failed if isinstance(error, UnknownOutcome)]
    for error in (*unforeseen, *unknown, *failed):
        raise error
    return outcomes
