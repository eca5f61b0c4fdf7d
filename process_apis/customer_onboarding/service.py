"""Customer onboarding as the other services see it."""

import msgspec

from process_apis.customer_onboarding.corrections import CorrectedDeals
from process_apis.customer_onboarding.steps import candidates_of, customer_details, customer_query
from process_apis.customer_onboarding.terms import Terms
from tollway.canonical.casework import Correction, CustomerChoice
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.notice import Notice
from tollway.canonical.statement import Accepted, DealWon, Readiness
from tollway.cases.actors import actor
from tollway.cases.choices import CustomerChoices
from tollway.engine import Engine
from tollway.events import happenings
from tollway.events.log import EventLog
from tollway.ingress.inbox import Inbox
from tollway.ports.erp import Erp
from tollway.problems import Conflict, Invalid

PROCESS = "customer-onboarding"
KIND, WON = "crm", "deal.won"
"""The notices that this service takes."""


class CustomerOnboarding:
    """Implements the onboarding port."""

    def __init__(
        self,
        deals: CorrectedDeals,
        erp: Erp,
        engine: Engine,
        inbox: Inbox,
        terms: Terms,
        choices: CustomerChoices,
        events: EventLog,
    ) -> None:
        self._events = events
        self._deals = deals
        self._erp = erp
        self._choices = choices
        self._engine = engine
        self._inbox = inbox
        self._terms = terms

    async def deal_won(self, won: DealWon) -> Accepted:
        notice = Notice(
            source=won.source,
            event_id=won.event_id,
            kind=KIND,
            type=WON,
            subject=won.deal_id,
            body=msgspec.json.encode(won).decode(),
            occurred_at=won.occurred_at,
        )
        await self._inbox.store(notice)
        return Accepted(process_id=_process_id(won.deal_id))

    async def onboard(self, notice: Notice) -> None:
        """Begin with the deal that a notice says is won, by a call or by the poller; a parked one is tried again."""
        won = DealWon(deal_id=notice.subject, event_id=notice.event_id, source=notice.source)
        # Told first: once it runs, what it tells of comes after this. The notice is kept until both are done.
        await self._events.tell(happenings.deal_taken_on(won, _process_id(won.deal_id)))
        await self._engine.start_or_retry(PROCESS, _process_id(won.deal_id), won, retry=True)

    async def readiness(self, deal_id: str) -> Readiness:
        findings = self._terms.findings(await self._deals.deal(deal_id))
        return Readiness(deal_id=deal_id, ready=not findings, findings=findings)

    async def contract(self, deal_id: str) -> Contract:
        return self._terms.contract(await self._deals.deal(deal_id))

    async def correct(self, correction: Correction) -> Readiness:
        findings = self._terms.findings(await self._deals.correct(correction))
        return Readiness(deal_id=correction.deal_id, ready=not findings, findings=findings)

    async def choose_customer(self, choice: CustomerChoice) -> Customer:
        wanted = customer_details(await self.contract(choice.deal_id))
        matches = await self._erp.match_customers(customer_query(wanted))
        if matches.linked is not None:
            linked = f"{matches.linked.number} ({matches.linked.name})"
            raise Conflict(f"The account {wanted.account_id} is linked to the customer {linked} already.")
        candidates = candidates_of(matches)
        chosen = next((one for one in candidates if choice.customer in (one.id, one.number)), None)
        if chosen is None:
            known = ", ".join(f"{one.number} ({one.name})" for one in candidates) or "none"
            raise Invalid(f"{choice.customer} is no customer that the account could be; there are: {known}.")
        if chosen.account_id:
            raise Conflict(
                f"The customer {chosen.number} is linked to the account {chosen.account_id}: merge the two accounts "
                "in the CRM, or choose another customer."
            )
        await self._choices.choose(
            wanted.legal_entity, wanted.account_id, chosen.id, case_id=choice.case_id, by=actor().name
        )
        return chosen


def _process_id(deal_id: str) -> str:
    return f"{PROCESS}:{deal_id}"
