"""Projects, plans and billing marks as fields of Certinia's objects, and back. Pure; `work` maps what is billed."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from system_apis.psa.certinia import models
from system_apis.salesforce_platform.rows import listed
from system_apis.salesforce_platform.values import money
from tollway.canonical.contract import ContractMilestone, ContractRate, ContractType
from tollway.canonical.listing import ProjectStanding
from tollway.canonical.money import Money
from tollway.canonical.project import Project, ProjectBilling, ProjectDetails, ProjectPlan
from tollway.problems import Rejected

MISSING_PRICE = "missing_price"
BILLING_TYPES = {
    ContractType.TIME_AND_MATERIALS: "Time and Materials",
    ContractType.FIXED_FEE: "Fixed Price",
}
LONGEST_NAME = 80
"""Characters that the name of a record can have."""
CANCELLED = {
    "pse__Stage__c": "Canceled",
    "pse__Is_Active__c": False,
    "pse__Closed_for_Time_Entry__c": True,
    "pse__Closed_for_Expense_Entry__c": True,
}
REOPENED = {
    "pse__Stage__c": "Planned",
    "pse__Is_Active__c": True,
    "pse__Closed_for_Time_Entry__c": False,
    "pse__Closed_for_Expense_Entry__c": False,
}
Records = Mapping[str, Mapping[str, Any]]


def from_project(project: ProjectDetails) -> dict[str, Any]:
    """The fields of the project; its stage stays as delivery has it, or begins as the org says."""
    return {
        "Name": short_name(project.name),
        "CurrencyIsoCode": project.currency,
        "pse__Account__c": project.account_id,
        "pse__Opportunity__c": project.deal_id,
        "pse__Billing_Type__c": BILLING_TYPES[project.contract_type],
        "pse__Project_Type__c": "Customer Project",
        "pse__Start_Date__c": project.start,
        "pse__End_Date__c": project.end,
        "pse__Is_Active__c": True,
        "pse__Is_Billable__c": True,
    }


def created_project(project_id: str, details: ProjectDetails) -> Project:
    """The project that was just created from these details."""
    return Project(
        id=project_id,
        number=details.number,
        name=short_name(details.name),
        deal_id=details.deal_id,
        account_id=details.account_id,
        legal_entity=details.legal_entity,
        currency=details.currency,
    )


def to_project(row: models.Project | models.ProjectStanding) -> Project:
    """The project as it is."""
    return Project(
        id=row.Id,
        number=row.Tollway_External_Id__c,
        name=row.Name,
        deal_id=row.pse__Opportunity__c or "",
        account_id=row.pse__Account__c or "",
        legal_entity=(row.pse__Opportunity__r.Tollway_Legal_Entity__c or "") if row.pse__Opportunity__r else "",
        status=row.pse__Stage__c or "",
        closed=is_closed(row),
        currency=row.CurrencyIsoCode,
    )


def is_closed(row: models.Project | models.ProjectStanding | models.WorkedProject) -> bool:
    """Whether nobody can enter time on the project any more."""
    return row.pse__Closed_for_Time_Entry__c or not row.pse__Is_Active__c


def from_tasks(plan: ProjectPlan) -> Records:
    """The tasks by external id: a task is known by its name, and which of that name it is."""
    parent = _parent("pse__Project__r", plan)
    records, seen = {}, Counter[str]()
    for place, task in enumerate(plan.tasks, 1):
        seen[task] += 1
        key = _key(plan, "task", f"{task}#{seen[task]}")
        records[key] = {"Name": short_name(task), "pse__Order__c": place, **parent}
    return records


def from_milestones(plan: ProjectPlan) -> Records:
    """The milestones by external id: a milestone is known by its id in the CRM."""
    return {
        f"{plan.project_number}:{milestone.id}": {
            "Name": milestone.name,
            "CurrencyIsoCode": milestone.amount.currency,
            "pse__Milestone_Amount__c": milestone.amount.amount,
            "pse__Target_Date__c": milestone.due,
            **_parent("pse__Project__r", plan),
        }
        for milestone in plan.milestones
    }


def from_rates(plan: ProjectPlan) -> Records:
    """The rate card's lines by external id: a line is known by its role."""
    return {
        _key(plan, "rate", rate.role): {
            "Name": short_name(rate.role),
            "CurrencyIsoCode": rate.hourly.currency,
            "Role__c": rate.role,
            "Unit_Price__c": rate.hourly.amount,
            "Planned_Hours__c": rate.planned_hours,
            **_parent("Project__r", plan),
        }
        for rate in plan.rates
    }


def to_plan(row: models.PlannedProject) -> ProjectPlan | None:
    """The plan that Tollway gave the project, milestones by due date and rates by role; None when it gave none."""
    number = row.Tollway_External_Id__c
    plan = ProjectPlan(
        project_number=number,
        tasks=[task.Name for task in listed(row.pse__Project_Tasks__r)],
        milestones=[
            ContractMilestone(
                id=one.Tollway_External_Id__c.removeprefix(f"{number}:"),
                name=one.Name,
                amount=milestone_amount(one, number),
                due=one.pse__Target_Date__c,
            )
            for one in listed(row.pse__Milestones__r)
        ],
        rates=[to_rate(rate) for rate in listed(row.Tollway_Project_Rates__r)],
    )
    return plan if plan.tasks or plan.milestones or plan.rates else None


def to_rate(row: models.Rate) -> ContractRate:
    """A line of the rate card."""
    hourly = money(row.Unit_Price__c, row.CurrencyIsoCode)
    return ContractRate(role=row.Role__c, hourly=hourly, planned_hours=row.Planned_Hours__c)


def milestone_amount(row: models.PlannedMilestone | models.Milestone, number: str) -> Money:
    """The price of a milestone; raises Rejected when it has none."""
    if row.pse__Milestone_Amount__c is None:
        raise Rejected(
            f"The milestone {row.Name} of project {number} has no amount; enter it in Certinia.",
            category=MISSING_PRICE,
        )
    return money(row.pse__Milestone_Amount__c, row.CurrencyIsoCode)


def from_billing(billing: ProjectBilling) -> dict[str, Any]:
    """The fields of the project that say how its billing stands."""
    return {
        "Tollway_Invoice_Status__c": billing.invoice_status,
        "Tollway_Invoiced_Amount__c": billing.invoiced.amount,
        "Tollway_Paid_Amount__c": billing.paid.amount,
    }


def to_billing(number: str, row: models.ProjectBilling | models.ProjectStanding) -> ProjectBilling | None:
    """What the project says of its billing; None when nothing has been written."""
    invoiced, paid = row.Tollway_Invoiced_Amount__c, row.Tollway_Paid_Amount__c
    if not row.Tollway_Invoice_Status__c or invoiced is None or paid is None:
        return None
    return ProjectBilling(
        project_number=number,
        invoice_status=row.Tollway_Invoice_Status__c,
        invoiced=money(invoiced, row.CurrencyIsoCode),
        paid=money(paid, row.CurrencyIsoCode),
    )


def to_standing(row: models.ProjectStanding) -> ProjectStanding:
    """The project, and what it was told of its billing."""
    return ProjectStanding(project=to_project(row), billing=to_billing(row.Tollway_External_Id__c, row))


def short_name(text: str) -> str:
    """A text cut to what a record's name can hold."""
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip() + "…"


def _key(plan: ProjectPlan, kind: str, name: str) -> str:
    """An external id of the right length whatever the name's; the platform ignores case in it, a digest does not."""
    return f"{plan.project_number}:{kind}:{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _parent(relationship: str, plan: ProjectPlan) -> dict[str, Any]:
    return {relationship: {"Tollway_External_Id__c": plan.project_number}}
