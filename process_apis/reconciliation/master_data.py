"""Where systems disagree about deals, customers and projects. Pure."""

from collections.abc import Iterator

from process_apis.reconciliation.views import CustomerView, Engaged, ProjectView, Rules
from tollway.canonical.matching import registration_key
from tollway.canonical.project import Project
from tollway.canonical.reconciliation import Discrepancy, DriftKind

ACTIVE, CANCELLED = "active", "cancelled"
"""States of an engagement; one that is being activated is its process's to bring to an end."""


def of_nobody(view: ProjectView, rules: Rules) -> Iterator[Discrepancy]:
    """A deal or project that no engagement is behind."""
    deal, there = view.deal, view.psa.project if view.psa else view.erp
    if deal and (deal.closed_on is None or deal.closed_on >= rules.since):
        yield Discrepancy(
            kind=DriftKind.DEAL_NOT_ONBOARDED,
            object_id=deal.id,
            subject=deal.id,
            legal_entity=deal.legal_entity,
            summary=f"The deal {deal.id} is won, but was never onboarded.",
            says={"crm": f"won on {deal.closed_on or 'a day it does not tell'}", "tollway": "not onboarded"},
        )
    elif there:
        yield Discrepancy(
            kind=DriftKind.PROJECT_UNKNOWN,
            object_id=view.number,
            subject=view.number,
            legal_entity=there.legal_entity,
            summary=f"The project {view.number} exists, but Tollway knows of no contract behind it.",
            says={"psa": _state(view.psa.project if view.psa else None), "erp": _state(view.erp), "tollway": "unknown"},
        )


def of_project(view: ProjectView, engagement: Engaged) -> Iterator[Discrepancy]:
    """An engagement whose projects or deal say something else."""
    psa = view.psa.project if view.psa else None
    says = {"psa": _state(psa), "erp": _state(view.erp), "tollway": engagement.status}

    def differs(kind: DriftKind, summary: str, **more: str) -> Discrepancy:
        return Discrepancy(
            kind=kind,
            object_id=view.number,
            subject=view.number,
            legal_entity=engagement.legal_entity,
            summary=summary,
            says=says | more,
        )

    if engagement.status == ACTIVE:
        if psa is None:
            yield differs(DriftKind.PROJECT_MISSING_IN_PSA, f"The project {view.number} is missing in the PSA.")
        if view.erp is None:
            yield differs(DriftKind.PROJECT_MISSING_IN_ERP, f"The project {view.number} is missing in the ERP.")
        if psa and view.erp and view.erp.closed and not psa.closed:
            said = f"The project {view.number} is closed in the ERP, while the PSA still takes work on it."
            yield differs(DriftKind.PROJECT_STATE_DIFFERS, said)
        told = view.deal.progress.project_number if view.deal else None
        if view.deal and told != view.number:
            said = f"The deal {engagement.deal_id} does not say that its project is {view.number}."
            yield differs(DriftKind.PROJECT_NOT_TOLD, said, crm=told or "no project")
    if engagement.status == CANCELLED and any(there and not there.closed for there in (psa, view.erp)):
        said = f"The engagement of {view.number} was cancelled, but its project is still open."
        yield differs(DriftKind.PROJECT_STATE_DIFFERS, said)


def of_customer(view: CustomerView) -> Iterator[Discrepancy]:
    """An account that no customer is linked to, or that has several, or one that is registered otherwise."""
    active = [one for one in view.engagements if one.status == ACTIVE]

    def differs(kind: DriftKind, summary: str, erp: str, **more: str) -> Discrepancy:
        return Discrepancy(
            kind=kind,
            object_id=f"{view.legal_entity}:{view.account_id}",
            subject=active[0].number if active else view.account_id,
            legal_entity=view.legal_entity,
            summary=summary,
            says={"erp": erp, "tollway": ", ".join(one.number for one in active) or "no active engagement"} | more,
        )

    names = ", ".join(f"{one.number} {one.name}".strip() for one in (*view.linked, *view.same_registration))
    if active and not view.linked:
        said = f"No customer of {view.legal_entity} is linked to the account {view.account_id}."
        yield differs(DriftKind.CUSTOMER_MISSING, said, "no customer")
    elif len(view.linked) > 1 and view.engagements:
        said = f"Several customers of {view.legal_entity} are linked to the account {view.account_id}: {names}."
        yield differs(DriftKind.CUSTOMER_DOUBLED, said, names)
    elif view.linked and view.same_registration:
        said = f"Several customers of {view.legal_entity} have the tax registration of {view.account_id}: {names}."
        yield differs(DriftKind.CUSTOMER_DOUBLED, said, names)
    elif active and view.linked and (crm := _registered(view)):
        erp = view.linked[0].tax_registration or "none"
        said = f"The account {view.account_id} has the tax registration {crm}, its customer {names} has {erp}."
        yield differs(DriftKind.CUSTOMER_DIFFERS, said, f"tax registration {erp}", crm=f"tax registration {crm}")


def _registered(view: CustomerView) -> str:
    """The tax registration of the account, where its customer has another; empty where it has that one."""
    told = {registration_key(deal.tax_registration): deal.tax_registration for deal in view.deals}
    told.pop("", None)
    return "" if registration_key(view.linked[0].tax_registration) in told else next(iter(told.values()), "")


def _state(project: Project | None) -> str:
    if project is None:
        return "missing"
    return " ".join(filter(None, ("closed" if project.closed else "open", project.status and f"({project.status})")))
