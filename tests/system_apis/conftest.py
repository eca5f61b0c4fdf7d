"""Sandboxes that are served on a real socket, and the clients that adapters reach them by."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.sandbox import create_sandbox
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.sandboxes import Faults, State, serve


class Salesforce(msgspec.Struct):
    """A served org and a client of it."""

    sandbox: Faults
    org: OrgClient
    url: str

    def calls(self) -> list[str]:
        """The calls since the last look, by method and path below the version, without logins."""
        counted = [
            f"{name.split()[0]} {name.partition('/services/data/v62.0/')[2]}"
            for name in self.sandbox.calls.elements()
            if "/services/oauth2/" not in name
        ]
        self.sandbox.calls.clear()
        return counted


@pytest.fixture
async def salesforce() -> AsyncIterator[Salesforce]:
    """An empty Salesforce org with Certinia's and Tollway's packages."""
    sandbox = create_sandbox(State())
    async with serve(sandbox) as address:
        org = OrgClient(OrgSettings(url=address.url, client_id="sandbox", client_secret="sandbox", timeout_seconds=5))
        yield Salesforce(sandbox, org, address.url)
        await org.close()
