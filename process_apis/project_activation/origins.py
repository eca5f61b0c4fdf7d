"""Where the fields of projects, plans and schedules come from."""

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.contract import ContractType
from tollway.canonical.deal import DealProgress
from tollway.canonical.project import ProjectDetails, ProjectPlan
from tollway.lineage import Mapping, Rule
from tollway.lineage.terms import (
    CONTRACT_TYPE,
    CURRENCY,
    DEAL_ID,
    END,
    LEGAL_ENTITY,
    NAME,
    PROJECT_NUMBER,
    START,
    VALUE,
    account,
    copied,
    cost_centre,
    deal,
    milestone,
    ours,
    service_line,
)

PLANS = "process_apis.project_activation.plans"
STEPS = "process_apis.project_activation.steps:ActivationSteps"
FIXED_FEE = ("contract/contract_type", ContractType.FIXED_FEE.value)
HOURLY = ("contract/contract_type", ContractType.TIME_AND_MATERIALS.value)
PROJECT = (
    Rule("number", PROJECT_NUMBER.sources, PROJECT_NUMBER.how),
    DEAL_ID,
    copied(account("id"), "account_id"),
    NAME,
    LEGAL_ENTITY,
    CURRENCY,
    CONTRACT_TYPE,
    VALUE,
    START,
    END,
    service_line("dimensions/service_line"),
    cost_centre("dimensions/cost_centre"),
)
PLAN = (
    PROJECT_NUMBER,
    *(copied(milestone(name), f"milestones/*/{name}") for name in ("id", "name", "amount", "due")),
    *(copied(deal(f"rates/*/{name}")) for name in ("role", "hourly", "planned_hours")),
)
BILLING = (PROJECT_NUMBER, LEGAL_ENTITY, CURRENCY, CONTRACT_TYPE)
MONTHS = (deal("start"), deal("end"))


def _project(system: str, number: str = "result/number") -> Mapping:
    return Mapping(
        effect=f"{system}-project",
        object_type="project",
        system=system,
        writes=ProjectDetails,
        made_by=f"{PLANS}:project_details",
        number=number,
        rules=PROJECT,
    )


def _plan(when: tuple[str, str], task: Rule) -> Mapping:
    return Mapping(
        effect="psa-plan",
        object_type="project_plan",
        system="psa",
        writes=ProjectPlan,
        made_by=f"{PLANS}:delivery_plan",
        when=when,
        rules=(task, *PLAN),
    )


def _billing_plan(when: tuple[str, str], lines: tuple[Rule, ...]) -> Mapping:
    return Mapping(
        effect="billing-plan",
        object_type="billing_plan",
        system="erp",
        writes=BillingPlan,
        made_by=f"{PLANS}:billing_plan",
        when=when,
        rules=(*BILLING, ours("lines/*/id", "the project's number and the line's place"), *lines),
    )


def _end(effect: str, system: str, step: str) -> Mapping:
    return Mapping(
        effect=effect,
        object_type="project",
        system=system,
        writes=str,
        made_by=f"{STEPS}.{step}",
        rules=(ours("", "the project is closed, since its activation was cancelled"),),
    )


ORIGINS = (
    _project("psa"),
    _project("erp"),
    _plan(FIXED_FEE, copied(milestone("name"), "tasks/*")),
    _plan(HOURLY, copied(deal("rates/*/role"), "tasks/*")),
    _billing_plan(
        FIXED_FEE,
        tuple(
            copied(milestone(theirs), f"lines/*/{name}")
            for name, theirs in (("description", "name"), ("amount", "amount"), ("due", "due"))
        ),
    ),
    _billing_plan(
        HOURLY,
        (
            Rule("lines/*/description", MONTHS, "a line for each month of the contract"),
            Rule("lines/*/amount", (deal("value"), *MONTHS), "the value in equal shares over the months"),
            Rule("lines/*/due", MONTHS, "the month's last day, or the contract's"),
        ),
    ),
    Mapping(
        effect="revenue-schedule",
        object_type="revenue_schedule",
        system="erp",
        writes=RevenueSchedule,
        made_by=f"{PLANS}:revenue_schedule",
        rules=(
            PROJECT_NUMBER,
            LEGAL_ENTITY,
            CURRENCY,
            Rule("periods/*/month", MONTHS, "each month that the contract touches"),
            Rule("periods/*/amount", (deal("value"), *MONTHS), "the value in equal shares over the months"),
        ),
    ),
    Mapping(
        effect="deal-status",
        object_type="deal_status",
        system="crm",
        writes=DealProgress,
        made_by=f"{STEPS}._report",
        object_id="wanted/deal_id",
        number="wanted/project_number",
        rules=(DEAL_ID, PROJECT_NUMBER, ours("project_status", "how far the activation got")),
    ),
    _end("erp-project-closure", "erp", "close_erp_project"),
    _end("psa-project-cancellation", "psa", "cancel_psa_project"),
)
