"""What an administrator sets up in the Salesforce org: the Flow that calls Tollway when an opportunity is won.

The sandbox has no Flows of its own; the embedded form gives it this one.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import structlog

from tollway.cli.patience import repeated
from tollway.issuer import client_secret

log = structlog.get_logger()
CLIENT = "salesforce-flow"
PATH = "/inbound/v1/salesforce/opportunity-closed-won"
ORGANIZATION = "00D000000000001"


class ClosedWonFlow:
    """Calls the gateway, with a token of its own, whenever an opportunity turns Closed Won."""

    def __init__(self, gateway: str, folder: Path) -> None:
        """`folder` is where the development issuer keeps the Flow's secret."""
        self._gateway = gateway
        self._folder = folder
        self._client = httpx.AsyncClient(base_url=gateway, timeout=30)
        self._token = ""
        self._calls: set[asyncio.Task[None]] = set()
        self.enabled = True
        """Switched off, opportunities are won without a call, for the poller to find."""

    def on_change(self, sobject: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        """Told by the org of every committed change."""
        won = after.get("StageName") == "Closed Won" and (before or {}).get("StageName") != "Closed Won"
        if sobject == "Opportunity" and won and self.enabled:
            call = asyncio.create_task(self._call(str(after["Id"])))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def close(self) -> None:
        """Let the calls under way end."""
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._client.aclose()

    async def _call(self, opportunity_id: str) -> None:
        event = {
            "event_id": str(uuid.uuid4()),
            "opportunity_id": opportunity_id,
            "stage": "Closed Won",
            "occurred_at": dt.datetime.now(dt.UTC).isoformat(),
            "organization_id": ORGANIZATION,
        }
        try:
            for _ in range(2):
                headers = {"authorization": f"Bearer {self._token or await self._login()}"}
                answer = await repeated(partial(self._client.post, PATH, json=event, headers=headers))
                if answer.status_code != httpx.codes.UNAUTHORIZED:
                    break
                self._token = ""
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("the Flow's callout failed; the poller will find the deal", reason=str(error))

    async def _login(self) -> str:
        credentials = (CLIENT, client_secret(self._folder, CLIENT))
        form = {"grant_type": "client_credentials"}
        answer = await self._client.post("/oauth2/token", data=form, auth=credentials)
        answer.raise_for_status()
        self._token = str(answer.json()["access_token"])
        return self._token
