"""The verbs of customer onboarding."""

from process_apis.customer_onboarding.corrections import CorrectedDeals
from process_apis.customer_onboarding.terms import Terms
from tollway.canonical.case import Category
from tollway.canonical.contract import Contract
from tollway.canonical.customer import CreditStatus, Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.statement import ActivationOrder
from tollway.cases.choices import CustomerChoices
from tollway.cases.matters import Matters
from tollway.effects import Changed, Effects
from tollway.engine import step
from tollway.ports.activation import Activation
from tollway.ports.erp import Erp
from tollway.problems import Rejected


class OnboardingSteps:
    """What onboarding does, at the platforms it does it at."""

    def __init__(
        self,
        deals: CorrectedDeals,
        erp: Erp,
        activation: Activation,
        effects: Effects,
        terms: Terms,
        choices: CustomerChoices,
        matters: Matters,
    ) -> None:
        self._deals = deals
        self._erp = erp
        self._activation = activation
        self._effects = effects
        self._terms = terms
        self._choices = choices
        self._matters = matters

    @step
    async def check_terms(self, deal_id: str) -> Contract:
        """The deal's terms as a contract, or a refusal that lists all that is wrong with them."""
        deal = await self._deals.deal(deal_id)
        await self._matters.note(deal.id, deal.seller, deal.value)
        if not deal.is_won:
            raise Rejected(
                f"The deal {deal.name!r} is not closed won but in stage {deal.stage!r}.",
                category=Category.INCOMPLETE_DEAL,
            )
        return self._terms.contract(deal)

    @step
    async def ensure_customer(self, contract: Contract) -> Customer:
        """The contract's customer in the ERP: the one that is there, under whatever name, or a new one."""
        wanted = customer_details(contract)
        matches = await self._erp.match_customers(customer_query(wanted))
        known = choose(contract, matches, await self._choices.chosen(wanted.legal_entity, wanted.account_id))
        if known is not None:
            require_credit(known)
        if known is not None and known.account_id:
            return known

        async def send() -> Customer:
            if known is not None:
                return await self._erp.link_customer(known.id, wanted)
            return await self._erp.create_customer(wanted)

        return await self._effects.apply(
            f"customer:{wanted.legal_entity}:{wanted.account_id}",
            wanted,
            send,
            lambda: self._erp.find_customer(wanted.legal_entity, wanted.account_id),
            Customer,
            changed=Changed.STANDS,  # another deal of the account may have made it, on other payment terms
        )

    @step
    async def order_project(self, contract: Contract, customer: Customer) -> None:
        """Hand over to project activation, which takes the same order once."""
        await self._activation.activate(ActivationOrder(contract=contract, customer=customer))


def customer_details(contract: Contract) -> CustomerDetails:
    """The ERP customer that a contract needs."""
    account = contract.account
    return CustomerDetails(
        account_id=account.id,
        legal_entity=contract.legal_entity,
        name=account.name,
        currency=contract.currency,
        payment_days=contract.payment_days,
        billing_address=account.billing_address,
        tax_registration=account.tax_registration,
        tax_exempt=account.tax_exempt,
        billing_email=account.billing_email,
        parent_account_id=account.parent_id,
    )


def customer_query(wanted: CustomerDetails) -> CustomerQuery:
    """How to look for a customer that may be there already."""
    return CustomerQuery(
        legal_entity=wanted.legal_entity,
        account_id=wanted.account_id,
        name=wanted.name,
        tax_registration=wanted.tax_registration,
    )


def choose(contract: Contract, matches: CustomerMatches, chosen: str = "") -> Customer | None:
    """The one customer that the account is; None when it is new. Raises Rejected when that cannot be told.

    `chosen` is the ERP's id of the one that a person chose among several.
    """
    if matches.linked is not None:
        return matches.linked
    candidates = matches.by_tax_registration or matches.by_name
    if chosen:
        candidates = [customer for customer in candidates_of(matches) if customer.id == chosen]
        if not candidates:
            raise _conflict(contract, f"the customer {chosen} that was chosen for it is no longer one that it could be")
    if len(candidates) > 1:
        numbers = ", ".join(f"{customer.number} ({customer.name})" for customer in candidates)
        raise _conflict(contract, f"the ERP knows several customers that it could be: {numbers}")
    if not candidates:
        return None
    known = candidates[0]
    if known.account_id and known.account_id != contract.account.id:
        raise _conflict(contract, f"its ERP customer {known.number} is linked to the other account {known.account_id}")
    registrations = {known.tax_registration, contract.account.tax_registration} - {""}
    if not chosen and known in matches.by_name and not matches.by_tax_registration and len(registrations) > 1:
        raise _conflict(
            contract,
            f"the ERP customer {known.number} has the same name but the tax registration {known.tax_registration}",
        )
    return known


def candidates_of(matches: CustomerMatches) -> list[Customer]:
    """Every customer that the account could be, each once."""
    return list({customer.id: customer for customer in [*matches.by_tax_registration, *matches.by_name]}.values())


def require_credit(customer: Customer) -> None:
    """Raise Rejected when finance lets nothing more be delivered to the customer."""
    if customer.credit is CreditStatus.ON_HOLD:
        raise Rejected(
            f"Finance has put the customer {customer.number} ({customer.name}) on credit hold.",
            category=Category.CREDIT_HOLD,
        )
    if customer.credit is CreditStatus.OVER_LIMIT and customer.credit_limit and customer.balance:
        raise Rejected(
            f"The customer {customer.number} ({customer.name}) owes {customer.balance.amount} "
            f"{customer.balance.currency}, over its credit limit of {customer.credit_limit.amount}.",
            category=Category.CREDIT_HOLD,
        )


def _conflict(contract: Contract, said: str) -> Rejected:
    return Rejected(
        f"The account {contract.account.name!r} ({contract.account.id}) cannot be matched: {said}.",
        category=Category.CUSTOMER_MASTER_CONFLICT,
    )
