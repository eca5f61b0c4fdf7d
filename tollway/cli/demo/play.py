"""Sets the stage for the story, plays it, and counts in the platforms what came of it."""

import datetime as dt
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from rich.console import Console

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.cli.demo.deals import DEALS
from tollway.cli.demo.finance import Finance, NetSuiteFinance, beyond_first
from tollway.cli.demo.people import People
from tollway.cli.demo.screen import Screen
from tollway.cli.demo.story import Story, StoryFailed
from tollway.cli.demo.tryton import tryton_stage
from tollway.cli.embedded import Embedded, embedded
from tollway.problems import ProblemError, StartupError
from tollway.settings import PollingSettings, Settings
from tollway.stopping import told_to_stop

ERPS = ("netsuite", "tryton")
STATE = ("tollway.db*", "engine.db*", "sandbox-*.db*")
"""The files of an earlier play, which a new one begins without."""


class Figures(msgspec.Struct):
    """What the demo came to; customers, projects, invoices and duplicates are counted in the platforms."""

    deals: int
    customers: int
    projects: int
    invoices: int
    paid: int
    duplicates: int
    open_cases: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether every deal ended in one customer, project and paid invoice."""
        once = self.customers == self.projects == self.invoices == self.paid == self.deals
        return once and self.duplicates == self.open_cases == 0


async def play(settings: Settings, console: Console, *, once: bool, as_json: bool, erp: str) -> int:
    """Play the story and keep serving unless it is to be played `once`; answers the exit status."""
    if erp not in ERPS:
        raise StartupError(f"The demo's ERP is one of {', '.join(ERPS)}, not {erp!r}.")
    screen = Screen(console, quiet=as_json)
    async with AsyncExitStack() as stack:
        staged, finance = await stack.enter_async_context(_stage(_for_the_demo(settings), erp, screen))
        running = await stack.enter_async_context(embedded(staged))
        status = await _perform(running, staged, finance, screen, as_json=as_json)
        if not once:
            screen.tell(f"Still serving: {running.url}/docs. Ctrl-C stops.")
            await told_to_stop()
    return status


async def _perform(running: Embedded, settings: Settings, finance: Finance, screen: Screen, *, as_json: bool) -> int:
    org = OrgClient(read_settings(settings.crm.connection, settings.connections[settings.crm.connection]))
    people = People(org, dt.datetime.now(dt.UTC).date())
    story = Story(running, people, finance, screen.tell)
    if running.installation.processes:
        running.installation.processes.engine.watchers.append(screen.process)
    began = time.monotonic()
    try:
        endings = await story.play(DEALS)
        books, delivered = await finance.books(), await people.projects()
        figures = Figures(
            deals=len(DEALS),
            customers=books.customers,
            projects=max(books.projects, len(delivered)),
            invoices=books.invoices,
            paid=books.paid,
            duplicates=books.duplicates + beyond_first(delivered),
            open_cases=await story.open_cases(),
            seconds=round(time.monotonic() - began, 1),
        )
    except (StoryFailed, ProblemError) as error:
        screen.fail(str(error))
        return 1
    finally:
        await story.close()
        await org.close()
    screen.table(endings)
    screen.result(figures, as_json=as_json)
    return 0 if figures.good else 1


@asynccontextmanager
async def _stage(settings: Settings, erp: str, screen: Screen) -> AsyncIterator[tuple[Settings, Finance]]:
    """The settings that the story is played with, and finance at its ERP."""
    if erp == "netsuite":
        name = next(iter(settings.legal_entities.values())).erp
        yield settings, NetSuiteFinance(name, settings.connections[name])
        return
    async with tryton_stage(settings, screen.tell) as staged:
        yield staged


def _for_the_demo(settings: Settings) -> Settings:
    """Look at the platforms often, and begin with nothing; raises StartupError where a real account is configured."""
    wanted = {settings.connections[name].get("platform") for name in _connections(settings)}
    if wanted - set(settings.sandboxes) or settings.storage.url:
        raise StartupError("The demo plays on sandboxes and SQLite only, and this configuration names real accounts.")
    for pattern in STATE:
        for path in settings.folder.glob(pattern):
            path.unlink()
    return msgspec.structs.replace(settings, polling=PollingSettings(seconds=1.0, overlap_seconds=10.0))


def _connections(settings: Settings) -> set[str]:
    return {settings.crm.connection, settings.psa.connection, *(e.erp for e in settings.legal_entities.values())}
