"""Customers, projects and their plans between our terms and NetSuite's; ids that need asking are parameters."""

from decimal import Decimal

from system_apis.erp.netsuite import models, rows
from system_apis.erp.netsuite.external_ids import customer_key, external_id, last_part
from system_apis.erp.netsuite.models import Ref
from tollway.canonical.billing import BillingPlan, BillingPlanLine, RevenuePeriod, RevenueSchedule
from tollway.canonical.contract import ContractType
from tollway.canonical.customer import CreditStatus, Customer, CustomerDetails
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import Project, ProjectDetails


def customer_body(
    customer: CustomerDetails, *, subsidiary: str, currency: str, terms: str, tax_code: str | None, parent: str
) -> models.CustomerBody:
    """A new customer; empty ids are left out."""
    return models.CustomerBody(
        entity_id=customer_key(customer.account_id, customer.legal_entity),
        is_person=False,
        company_name=customer.name,
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        parent=Ref(id=parent) if parent else None,
        terms=Ref(id=terms),
        taxable=not customer.tax_exempt,
        tax_item=Ref(id=tax_code) if tax_code and not customer.tax_exempt else None,
        vat_reg_number=customer.tax_registration or None,
        email=customer.billing_email or None,
        address_book=_address_book(customer.billing_address),
        custentity_tollway_account_id=customer.account_id,
    )


def created_customer(identity: str, customer: CustomerDetails) -> Customer:
    """The customer that was created from its details."""
    return Customer(
        id=identity,
        number=customer_key(customer.account_id, customer.legal_entity),
        name=customer.name,
        legal_entity=customer.legal_entity,
        account_id=customer.account_id,
        tax_registration=customer.tax_registration,
        balance=Money.zero(customer.currency),
    )


def customer(row: rows.CustomerRow, legal_entity: str) -> Customer:
    """A customer as NetSuite has it."""
    limit = None if row.creditlimit is None else _money(row.creditlimit, row.currency)
    return Customer(
        id=row.id,
        number=row.entityid,
        name=row.companyname or row.entityid,
        legal_entity=legal_entity,
        account_id=row.account_id,
        tax_registration=row.vatregnumber,
        credit=_credit(row),
        credit_limit=limit,
        balance=_money(row.balancesearch, row.currency),
    )


def job_body(project: ProjectDetails, *, subsidiary: str, currency: str) -> models.JobBody:
    """A new project."""
    return models.JobBody(
        entity_id=project.number,
        company_name=project.name,
        parent=Ref(external_id=customer_key(project.account_id, project.legal_entity)),
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        start_date=project.start,
        projected_end_date=project.end,
        custentity_tollway_deal_id=project.deal_id,
        custentity_tollway_project_number=project.number,
    )


def created_project(identity: str, project: ProjectDetails) -> Project:
    """The project that was created from its details."""
    return Project(
        id=identity,
        number=project.number,
        name=project.name,
        deal_id=project.deal_id,
        account_id=project.account_id,
        legal_entity=project.legal_entity,
        currency=project.currency,
    )


def project(row: rows.JobRow, number: str, legal_entity: str, closed_status: str) -> Project:
    """A project as NetSuite has it."""
    return Project(
        id=row.id,
        number=number,
        name=row.companyname,
        deal_id=row.deal_id,
        account_id=row.account_id,
        legal_entity=legal_entity,
        status=row.status_name,
        closed=row.entitystatus == closed_status,
        currency=row.currency,
    )


def plan_bodies(plan: BillingPlan, currency: str) -> dict[str, models.BillingPlanBody]:
    """The records of a billing plan by external id."""
    return {
        external_id(plan.project_number, "BP", line.id): models.BillingPlanBody(
            name=f"{plan.project_number} {line.due}",
            custrecord_tollway_bp_job=Ref(external_id=external_id(plan.project_number)),
            custrecord_tollway_bp_kind=plan.contract_type,
            custrecord_tollway_bp_amount=line.amount.amount,
            custrecord_tollway_bp_date=line.due,
            custrecord_tollway_bp_currency=Ref(id=currency),
            custrecord_tollway_bp_description=line.description,
        )
        for line in plan.lines
    }


def billing_plan(rows: list[rows.PlanRow], number: str, legal_entity: str) -> BillingPlan | None:
    """The billing plan that its records make; None when there are none."""
    if not rows:
        return None
    lines = [
        BillingPlanLine(
            id=last_part(row.externalid, number, "BP"),
            description=row.description,
            amount=_money(row.amount, row.currency),
            due=row.due,
        )
        for row in rows
    ]
    return BillingPlan(
        project_number=number,
        legal_entity=legal_entity,
        currency=rows[0].currency,
        contract_type=ContractType(rows[0].kind),
        lines=lines,
    )


def revenue_bodies(schedule: RevenueSchedule, currency: str) -> dict[str, models.RevenueBody]:
    """The records of a revenue schedule by external id."""
    return {
        external_id(schedule.project_number, "RS", f"{period.month:%Y-%m}"): models.RevenueBody(
            name=f"{schedule.project_number} {period.month:%Y-%m}",
            custrecord_tollway_rs_job=Ref(external_id=external_id(schedule.project_number)),
            custrecord_tollway_rs_period=period.month,
            custrecord_tollway_rs_amount=period.amount.amount,
            custrecord_tollway_rs_currency=Ref(id=currency),
        )
        for period in schedule.periods
    }


def revenue_schedule(rows: list[rows.PlanRow], number: str, legal_entity: str) -> RevenueSchedule | None:
    """The revenue schedule that its records make; None when there are none."""
    if not rows:
        return None
    periods = [RevenuePeriod(month=row.due, amount=_money(row.amount, row.currency)) for row in rows]
    return RevenueSchedule(project_number=number, legal_entity=legal_entity, currency=rows[0].currency, periods=periods)


def _address_book(address: Address) -> models.AddressBook | None:
    if address == Address():
        return None
    first, _, rest = address.street.partition("\n")
    shown = models.Address(
        addr1=first or None,
        addr2=rest.replace("\n", ", ") or None,
        city=address.city or None,
        state=address.region or None,
        zip=address.postal_code or None,
        country=Ref(id=address.country) if address.country else None,
    )
    line = models.AddressLine(default_billing=True, default_shipping=False, address_book_address=shown)
    return models.AddressBook(items=[line])


def _credit(row: rows.CustomerRow) -> CreditStatus:
    """NetSuite's hold override: always, never, or by comparing what is owed and ordered with the limit."""
    match row.creditholdoverride.upper():
        case "ON":
            return CreditStatus.ON_HOLD
        case "OFF":
            return CreditStatus.GOOD
    owed = row.balancesearch + row.unbilledorderssearch
    return CreditStatus.OVER_LIMIT if row.creditlimit is not None and owed > row.creditlimit else CreditStatus.GOOD


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency).rounded()
