"""Takes changed routes into use without a restart: when their file changes, or when somebody asks."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from gateway.asgi import Gateway
from tollway.problems import ProblemError, StartupError

log = structlog.get_logger()
Told = Callable[[Path], Awaitable[None]]


class RoutesReload:
    """Looks at the file of routes every second; a file that is wrong is refused whole, and the routes stay."""

    def __init__(self, gateway: Gateway, pause: float = 1.0, taken: Told | None = None) -> None:
        """`taken` is told of every file of routes that is taken into use."""
        self._gateway = gateway
        self._taken = taken
        self._file = gateway.routes_file
        self._pause = pause
        self._seen = self._state()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch())

    def ask(self) -> None:
        """Reload now, changed or not."""
        self._asked.set()

    async def stop(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pause):
                    await self._asked.wait()
            except TimeoutError:
                if self._state() == self._seen:
                    continue
            self._asked.clear()
            self._seen = self._state()
            await self._reload()

    async def _reload(self) -> None:
        try:
            await asyncio.to_thread(self._gateway.reload)  # schemas are compiled meanwhile, and requests go on
        except StartupError as error:
            log.warning("routes refused", reason=str(error))
        except Exception:
            log.exception("routes refused")
        else:
            log.info("routes reloaded", file=str(self._file))
            await self._tell()

    async def _tell(self) -> None:
        try:
            if self._taken:
                await self._taken(self._file)
        except ProblemError as error:
            log.warning("a reload is not audited", reason=error.detail)

    def _state(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)
