"""Opportunities as deals, and a deal's progress as fields of its opportunity. Pure."""

from decimal import Decimal
from typing import Any

from system_apis.crm.salesforce import models
from system_apis.salesforce_platform.rows import listed
from system_apis.salesforce_platform.values import country_code, money
from tollway.canonical.contract import ContractType
from tollway.canonical.deal import Account, Deal, DealLine, DealMilestone, DealProgress, DealRate
from tollway.canonical.listing import DealStanding
from tollway.canonical.money import Money
from tollway.canonical.party import Address

CONTRACT_TYPES = {
    "Time and Materials": ContractType.TIME_AND_MATERIALS,
    "Fixed Fee": ContractType.FIXED_FEE,
}
TEXTS = {
    "Tollway_Project_Number__c": "project_number",
    "Tollway_Project_Status__c": "project_status",
    "Tollway_Billing_Status__c": "billing_status",
    "Tollway_Last_Invoice__c": "last_invoice",
}
AMOUNTS = {
    "Tollway_Invoiced_Amount__c": "invoiced",
    "Tollway_Paid_Amount__c": "paid",
    "Tollway_Unbilled_Amount__c": "unbilled",
}


def to_deal(row: models.Opportunity) -> Deal:
    """The deal, as incomplete as the opportunity is."""
    contract_type = row.Tollway_Contract_Type__c or ""
    return Deal(
        id=row.Id,
        name=row.Name,
        account=_account(row.Account) if row.Account else None,
        stage=row.StageName or "",
        is_won=row.IsWon,
        value=None if row.Amount is None else money(row.Amount, row.CurrencyIsoCode),
        currency=row.CurrencyIsoCode,
        legal_entity=row.Tollway_Legal_Entity__c or "",
        payment_terms=row.Tollway_Payment_Terms__c or "",
        contract_type=CONTRACT_TYPES.get(contract_type, contract_type),
        service_line=row.Tollway_Service_Line__c or "",
        cost_centre=row.Tollway_Cost_Centre__c or "",
        purchase_order=row.Tollway_Purchase_Order__c or "",
        start=row.Tollway_Start_Date__c,
        end=row.Tollway_End_Date__c,
        owner_email=(row.Owner.Email or "") if row.Owner else "",
        project_number=row.Tollway_Project_Number__c or "",
        project_status=row.Tollway_Project_Status__c or "",
        changed_at=row.SystemModstamp,
        lines=[_line(line) for line in listed(row.OpportunityLineItems)],
        milestones=[_milestone(one) for one in listed(row.Tollway_Deal_Milestones__r)],
        rates=[_rate(one) for one in listed(row.Tollway_Deal_Rates__r)],
    )


def to_progress(deal_id: str, row: models.OpportunityProgress | models.OpportunityStanding) -> DealProgress:
    """What the opportunity says of project and billing."""
    texts: dict[str, Any] = {name: getattr(row, field) or None for field, name in TEXTS.items()}
    amounts: dict[str, Any] = {
        name: _amount(getattr(row, field), row.CurrencyIsoCode) for field, name in AMOUNTS.items()
    }
    return DealProgress(deal_id=deal_id, **texts, **amounts)


def to_standing(row: models.OpportunityStanding) -> DealStanding:
    """The won deal, and what it was told."""
    return DealStanding(
        id=row.Id,
        account_id=row.AccountId or "",
        legal_entity=row.Tollway_Legal_Entity__c or "",
        closed_on=row.CloseDate,
        tax_registration=(row.Account.Tollway_Tax_Registration__c or "") if row.Account else "",
        progress=to_progress(row.Id, row),
    )


def from_progress(progress: DealProgress) -> dict[str, Any]:
    """The fields of the opportunity that the progress sets."""
    texts = {field: getattr(progress, name) for field, name in TEXTS.items()}
    amounts = {field: getattr(progress, name) for field, name in AMOUNTS.items()}
    values = texts | {field: None if held is None else held.amount for field, held in amounts.items()}
    return {field: value for field, value in values.items() if value is not None}


def _account(row: models.Account) -> Account:
    return Account(
        id=row.Id,
        name=row.Name or "",
        parent_id=row.ParentId or "",
        parent_name=(row.Parent.Name or "") if row.Parent else "",
        billing_address=Address(
            street=row.BillingStreet or "",
            city=row.BillingCity or "",
            postal_code=row.BillingPostalCode or "",
            region=row.BillingState or "",
            country=country_code(row.BillingCountry or ""),
        ),
        tax_registration=row.Tollway_Tax_Registration__c or "",
        tax_exempt=row.Tollway_Tax_Exempt__c,
        legal_entity=row.Tollway_Legal_Entity__c or "",
        payment_terms=row.Tollway_Payment_Terms__c or "",
        currency=row.CurrencyIsoCode or "",
    )


def _line(row: models.LineItem) -> DealLine:
    return DealLine(
        id=row.Id,
        name=row.Product2.Name if row.Product2 else row.Name or "",
        product_code=row.ProductCode or "",
        quantity=row.Quantity,
        unit_price=money(row.UnitPrice, row.CurrencyIsoCode),
        total=money(row.TotalPrice, row.CurrencyIsoCode),
    )


def _milestone(row: models.DealMilestone) -> DealMilestone:
    return DealMilestone(
        id=row.Id, name=row.Name, amount=_amount(row.Amount__c, row.CurrencyIsoCode), due=row.Due_Date__c
    )


def _rate(row: models.DealRate) -> DealRate:
    hourly = _amount(row.Unit_Price__c, row.CurrencyIsoCode)
    return DealRate(id=row.Id, role=row.Role__c or "", hourly=hourly, planned_hours=row.Planned_Hours__c)


def _amount(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else money(amount, currency)
