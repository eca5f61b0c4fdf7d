"""What people do while chaos reigns: they sell, deliver, have billed, and mend what lands on their desk."""

import asyncio
import contextlib
import datetime as dt
import random
import secrets
import uuid
from decimal import Decimal
from typing import Any

import httpx
import msgspec
from world import World

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.cli.demo.deals import DemoDeal
from tollway.cli.demo.people import People
from tollway.issuer import client_secret
from tollway.problems import ProblemError

UNANNOUNCED = 0.05
"""The share of deals of which no call tells, for the poller to find."""
REPEATED = 0.15
"""The share of calls that come twice, the second in any order."""
AT_ONCE = 12


class Sold(msgspec.Struct):
    """A deal, and what is to be found of it in the end."""

    deal: DemoDeal
    opportunity: str
    wanted: dict[str, Decimal] = {}
    """The net amounts that are to be invoiced, by milestone, or by person's role for time."""
    worked: bool = False
    asked: bool = False


class _Active(msgspec.Struct):
    Id: str


class _Id(msgspec.Struct):
    Id: str


def invented(number: int, chance: random.Random) -> DemoDeal:
    """A deal of its own customer: a fixed fee in two parts, or time and materials."""
    british = number % 3 == 0
    place: dict[str, Any] = (
        {"legal_entity": "NWC-UK", "country": "United Kingdom", "city": "London"}
        if british
        else {"legal_entity": "NWC-US", "country": "United States", "city": "Oakland", "state": "CA"}
    )
    cents = [f"{chance.randrange(100_000, 5_000_000) / 100:.2f}" for _ in range(2)]
    priced: dict[str, Any] = (
        {"rates": {"Engineer": ("150.00", "40")}, "hours": {"Engineer": f"{chance.randrange(4, 160) / 4:.2f}"}}
        if number % 4 == 0
        else {"milestones": {"Design": cents[0], "Build": cents[1]}}
    )
    registration = f"GB{232_000_000 + number}" if british else f"91-{number:07d}"
    named = {"name": f"Deal {number}", "account": f"Customer {number:05d}", "service_line": "ADV"}
    return DemoDeal(**place, **priced, **named, tax_registration=registration)


class Firm:
    """The people, who keep trying as people and platforms do."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        tables = world.settings.connections["salesforce"] | {"timeout_seconds": 5}
        self.org = OrgClient(read_settings("salesforce", tables))
        self.people = People(self.org, dt.datetime.now(dt.UTC).date())
        self._http = httpx.AsyncClient(timeout=20)
        self._tokens: dict[str, str] = {}
        self.deals: dict[str, Sold] = {}

    async def enter(self, count: int) -> None:
        """Account executives enter the deals, on a good day."""
        turns = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with turns:
                deal = invented(number, self._chance)
                opportunity = await self.people.open_deal(deal)
                self.deals[opportunity] = Sold(deal, opportunity)

        await one(1)  # and has made what all need
        await asyncio.gather(*(one(number) for number in range(2, count + 1)))

    async def sell(self) -> None:
        """Customers sign, and Salesforce calls, some calls twice, some never."""
        turns = asyncio.Semaphore(AT_ONCE)
        late: list[dict[str, Any]] = []

        async def one(sold: Sold) -> None:
            async with turns:
                await again(lambda: self.people.close_won(sold.opportunity))
                if self._chance.random() < UNANNOUNCED:
                    return
                event = {
                    "event_id": str(uuid.uuid4()),
                    "opportunity_id": sold.opportunity,
                    "stage": "Closed Won",
                    "occurred_at": dt.datetime.now(dt.UTC).isoformat(),
                    "organization_id": "00D000000000001",
                }
                await self.post("salesforce-flow", "/inbound/v1/salesforce/opportunity-closed-won", event)
                if self._chance.random() < REPEATED:
                    late.append(event)

        waiting = list(self.deals.values())
        self._chance.shuffle(waiting)
        await asyncio.gather(*map(one, waiting))
        self._chance.shuffle(late)
        for event in late:
            await self.post("salesforce-flow", "/inbound/v1/salesforce/opportunity-closed-won", event)

    async def deliver(self) -> None:
        """Work is done and approved wherever a project has become active, and time is billed; until cancelled."""
        turns = asyncio.Semaphore(AT_ONCE)
        while True:
            with contextlib.suppress(ProblemError):
                active = [row.Id async for row in self.org.query(ACTIVE, _Active, "Opportunity")]
                todo = [self.deals[one] for one in active if one in self.deals and not self.deals[one].asked]
                await asyncio.gather(*(self._deliver(sold, turns) for sold in todo))
            await asyncio.sleep(1)

    async def _deliver(self, sold: Sold, turns: asyncio.Semaphore) -> None:
        async with turns:
            number = f"PRJ-{sold.opportunity}"
            if not sold.worked:
                await again(lambda: self._work(sold, number))
                sold.worked = True
            if not sold.deal.fixed_fee:
                today = dt.datetime.now(dt.UTC).date().isoformat()
                run = {"project_number": number, "through": today, "trigger": "month-end"}
                await self.post("finance-app", "/finance/v2/billing-runs", run)
            sold.asked = True

    async def _work(self, sold: Sold, number: str) -> None:
        """Both milestones are reached, or a week is worked; done again it changes nothing."""
        if sold.deal.fixed_fee:
            for name, amount in sold.deal.milestones.items():
                await self.people._reach(name, number)
                sold.wanted[name] = Decimal(amount)
            return
        [(role, hours)] = sold.deal.hours.items()
        sold.wanted[role] = Decimal(hours) * Decimal(sold.deal.rates[role][0])
        where = f"pse__Project__r.Tollway_External_Id__c = '{number}'"
        query = f"SELECT Id FROM pse__Timecard_Header__c WHERE {where}"
        entered = [row.Id async for row in self.org.query(query, _Id, "pse__Timecard_Header__c")]
        if not entered:
            await self.people.work(sold.deal, number)
        for timecard in entered:  # the answer about it was lost before it was approved
            approval = {"pse__Status__c": "Approved", "pse__Approved__c": True}
            await self.org.update("pse__Timecard_Header__c", timecard, approval)

    async def mend(self) -> int:
        """The desk retries every case that is open; answers how many there were."""
        cases = (await self._call("GET", "operations-desk", "/operations/v1/cases?status=open")).json()
        listed = cases["items"] if isinstance(cases, dict) else cases
        for case in listed:
            path = f"/operations/v1/cases/{case['id']}/retry"
            with contextlib.suppress(httpx.HTTPError):
                await self._call("POST", "operations-desk", path)
        return len(listed)

    async def open_cases(self) -> list[dict[str, Any]]:
        """What is on the desk."""
        cases = (await self._call("GET", "operations-desk", "/operations/v1/cases?status=open")).json()
        return list(cases["items"] if isinstance(cases, dict) else cases)

    async def post(self, client: str, path: str, body: Any) -> None:
        """Post until it is accepted, by whichever worker, under one key."""
        key = secrets.token_hex(8)

        async def once() -> None:
            await self._call("POST", client, path, body, key)

        await again(once)

    async def close(self) -> None:
        """Everybody goes home."""
        await self._http.aclose()
        await self.org.close()

    async def _call(self, method: str, client: str, path: str, body: Any = None, key: str = "") -> httpx.Response:
        worker = self._world.url(self._chance.choice(self._world.workers))
        headers = {"authorization": f"Bearer {await self._token(client)}"}
        if method == "POST":
            headers["idempotency-key"] = key or secrets.token_hex(8)
        answer = await self._http.request(method, worker + path, json=body, headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._tokens.pop(client, None)
        return answer.raise_for_status()

    async def _token(self, client: str) -> str:
        if client not in self._tokens:
            credentials = (client, client_secret(self._world.folder, client))
            form = {"grant_type": "client_credentials"}
            url = f"{self._world.url('issuer')}/oauth2/token"
            answer = await self._http.post(url, data=form, auth=credentials)
            self._tokens[client] = answer.raise_for_status().json()["access_token"]
        return self._tokens[client]


ACTIVE = "SELECT Id FROM Opportunity WHERE Tollway_Project_Status__c = 'Active'"


async def again(doing: Any, seconds: float = 240) -> None:
    """Do what may fail until it does not, for so long."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            await doing()
        except (httpx.HTTPError, ProblemError):
            if asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(0.5)
        else:
            return
