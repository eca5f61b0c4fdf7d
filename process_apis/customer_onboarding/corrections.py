"""Deals as the CRM has them, with the edits laid over them that people made to mend a case."""

import hashlib

import msgspec
from msgspec.structs import replace

from tollway.canonical.casework import Correction
from tollway.canonical.deal import Deal
from tollway.cases.actors import actor
from tollway.cases.overlays import Overlays, edited
from tollway.ports.crm import Crm


class CorrectedDeals:
    """Reads deals, and takes corrections of them."""

    def __init__(self, crm: Crm, overlays: Overlays) -> None:
        self._crm = crm
        self._overlays = overlays

    async def deal(self, deal_id: str) -> Deal:
        """The deal with the edits that still hold; raises NotFound."""
        deal = await self._crm.deal(deal_id)
        return edited(deal, await self._overlays.edits(deal_id, digest(deal)))

    async def correct(self, correction: Correction) -> Deal:
        """Keep edits of a deal as it is now, and answer it with them; raises Invalid when they do not fit it."""
        deal = await self._crm.deal(correction.deal_id)
        before = await self._overlays.edits(correction.deal_id, digest(deal))
        corrected = edited(deal, [*before, *correction.edits])
        await self._overlays.lay(
            correction.deal_id, correction.edits, digest(deal), case_id=correction.case_id, by=actor().name
        )
        return corrected


def digest(deal: Deal) -> str:
    """A digest of what people in the CRM say of a deal, without what Tollway writes there itself."""
    theirs = replace(deal, changed_at=None, project_number="", project_status="")
    return hashlib.sha256(msgspec.json.encode(theirs, order="deterministic")).hexdigest()
