"""The second look: one project or customer, read anew from every system and in whole."""

import asyncio

from process_apis.reconciliation.comparison import compare_customer, compare_project
from process_apis.reconciliation.reading import PROJECT, Systems, suspected_at
from process_apis.reconciliation.views import CustomerView, ProjectView, Rules, claimed, engaged
from tollway.canonical.case import Category
from tollway.canonical.contract import deal_of
from tollway.canonical.customer import CustomerQuery
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import Invoice
from tollway.canonical.listing import EVER, DealStanding, ProjectStanding, WorkEntry
from tollway.canonical.project import Project
from tollway.canonical.reconciliation import Discrepancy, DriftKind
from tollway.problems import ContractDrift, Invalid, Malformed, NotFound, ProblemError, Rejected

REFUSALS = (Rejected, Invalid, Malformed, NotFound, ContractDrift)
"""Failures that are about what was asked: repeating it changes nothing, and all else can still be asked."""


class SecondLook:
    """Looks again at what a first look suspects."""

    def __init__(self, systems: Systems) -> None:
        self._systems = systems

    async def at(self, suspected: Discrepancy, rules: Rules) -> list[Discrepancy]:
        """What systems disagree about now, where the suspicion lies; raises REFUSALS when that cannot be read."""
        about, _, named = suspected_at(suspected).partition(":")
        if about == PROJECT:
            return compare_project(await self._project(named, suspected.legal_entity), rules)
        entity, _, account = named.partition(":")
        return await self._customer(entity, account, suspected)

    async def _project(self, number: str, entity: str) -> ProjectView:
        systems = self._systems
        engagement = await systems.activation.engagement(number)
        entity = engagement.contract.legal_entity if engagement else entity
        deal, psa, erp, work, details, invoices = await asyncio.gather(
            self._deal(deal_of(number), won=engagement is not None),
            self._standing(number),
            self._erp_project(entity, number),
            self._work(number),
            systems.invoicing.claimed_of_project(number),
            self._invoices(entity, number),
        )
        return ProjectView(
            number,
            engagement=engaged(engagement) if engagement else None,
            deal=deal,
            psa=psa,
            erp=erp,
            work=work,
            claimed=[claimed(one) for one in details],
            invoices=invoices,
            whole=True,
        )

    async def _deal(self, deal_id: str, *, won: bool) -> DealStanding | None:
        """The deal as far as it is compared; whether it is won matters while nobody is engaged for it."""
        if not deal_id:
            return None
        if won:
            progress = await self._systems.crm.find_progress(deal_id)
            return DealStanding(id=deal_id, progress=progress) if progress else None
        try:
            deal = await self._systems.crm.deal(deal_id)
        except NotFound:
            return None
        progress = DealProgress(deal_id=deal_id)
        return DealStanding(id=deal_id, legal_entity=deal.legal_entity, progress=progress) if deal.is_won else None

    async def _account_of(self, deal_id: str) -> DealStanding | None:
        """The deal as far as its account is compared."""
        try:
            account = (await self._systems.crm.deal(deal_id)).account
        except NotFound:
            return None
        registered = account.tax_registration if account else ""
        return DealStanding(id=deal_id, tax_registration=registered, progress=DealProgress(deal_id=deal_id))

    async def _standing(self, number: str) -> ProjectStanding | None:
        psa = self._systems.psa
        project = await psa.find_project(number)
        return ProjectStanding(project=project, billing=await psa.find_billing(number)) if project else None

    async def _erp_project(self, entity: str, number: str) -> Project | None:
        known = entity in self._systems.legal_entities
        return await self._systems.erp.find_project(entity, number) if known else None

    async def _invoices(self, entity: str, number: str) -> list[Invoice]:
        known = entity in self._systems.legal_entities
        return await self._systems.erp.project_invoices(entity, number) if known else []

    async def _work(self, number: str) -> list[WorkEntry]:
        page = await self._systems.psa.work_entries(EVER, number, "")
        entries = list(page.items)
        while page.next:
            page = await self._systems.psa.work_entries(EVER, number, page.next)
            entries += page.items
        return entries

    async def _customer(self, entity: str, account: str, suspected: Discrepancy) -> list[Discrepancy]:
        erp, activation = self._systems.erp, self._systems.activation
        try:
            linked = await erp.find_customer(entity, account)
            same = []
            if linked and linked.tax_registration:
                query = CustomerQuery(
                    legal_entity=entity,
                    account_id=account,
                    name=linked.name or account,
                    tax_registration=linked.tax_registration,
                )
                same = list((await erp.match_customers(query)).by_tax_registration)
            engagement = await activation.engagement(suspected.subject)
            registered = engagement if suspected.kind is DriftKind.CUSTOMER_DIFFERS else None
            deal = await self._account_of(registered.contract.deal_id) if registered else None
            view = CustomerView(
                entity,
                account,
                engagements=[engaged(engagement)] if engagement else [],
                deals=[deal] if deal else [],
                linked=[linked] if linked else [],
                same_registration=same,
            )
            return compare_customer(view)
        except Rejected as refusal:
            if refusal.category != Category.CUSTOMER_MASTER_CONFLICT:
                raise
            # An ERP that finds several customers linked to one account refuses to choose.
            return [suspected] if suspected.kind is DriftKind.CUSTOMER_DOUBLED else []


def unreadable(suspected: Discrepancy, refusal: ProblemError) -> Discrepancy:
    """That nothing is known of a suspicion, since a system does not tell of its project or customer."""
    place = suspected_at(suspected)
    about, _, named = place.partition(":")
    return Discrepancy(
        kind=DriftKind.UNREADABLE,
        object_id=place,
        subject=suspected.subject,
        legal_entity=suspected.legal_entity,
        summary=f"The {about} {named} cannot be read, so that nothing of it is compared: {refusal.detail}",
        says={"refusal": refusal.detail},
    )
