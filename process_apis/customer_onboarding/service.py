"""Customer onboarding as the other services see it."""

from process_apis.customer_onboarding.terms import Terms
from tollway.canonical.contract import Contract
from tollway.canonical.record import Change
from tollway.canonical.statement import Accepted, DealWon, Readiness
from tollway.engine import Engine
from tollway.inbox import Inbox
from tollway.ports.crm import Crm

PROCESS = "customer-onboarding"


class CustomerOnboarding:
    """Implements the onboarding port."""

    def __init__(self, crm: Crm, engine: Engine, inbox: Inbox, terms: Terms) -> None:
        self._crm = crm
        self._engine = engine
        self._inbox = inbox
        self._terms = terms

    async def deal_won(self, won: DealWon) -> Accepted:
        new = await self._inbox.store(won.source, won.event_id, won.deal_id, won)
        process_id = f"{PROCESS}:{won.deal_id}"
        # Started even for a notice seen before: the process may not have been, when we stopped in between.
        await self._engine.start_or_retry(PROCESS, process_id, won, retry=new)
        return Accepted(process_id=process_id)

    async def won_deal_changed(self, change: Change) -> None:
        """What the poller found: a won deal that was saved, whether or not its call ever came."""
        event_id = f"{change.id}@{change.at.isoformat()}"
        if not await self._inbox.seen("crm-poll", event_id):
            await self.deal_won(DealWon(deal_id=change.id, event_id=event_id, source="crm-poll"))

    async def readiness(self, deal_id: str) -> Readiness:
        findings = self._terms.findings(await self._crm.deal(deal_id))
        return Readiness(deal_id=deal_id, ready=not findings, findings=findings)

    async def contract(self, deal_id: str) -> Contract:
        return self._terms.contract(await self._crm.deal(deal_id))
