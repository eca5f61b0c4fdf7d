"""The demo's stage with the real ERP: Tryton on PostgreSQL in the place of NetSuite's sandbox."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tollway.cli.demo.finance import Finance
from tollway.settings import Settings


@asynccontextmanager
async def tryton_stage(settings: Settings, tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Finance]]:
    raise RuntimeError
    yield
