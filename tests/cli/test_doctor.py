"""`tollway doctor`."""

import io

import msgspec
import pytest
from rich.console import Console

from tollway.cli.doctor import examine
from tollway.settings import RedisSettings


@pytest.fixture
def examined(settings):
    """Examines an installation that counts at an address; answers the lines about Redis."""

    async def lines(url: str) -> list[str]:
        output = io.StringIO()
        given = msgspec.structs.replace(settings, redis=RedisSettings(url=url, timeout=20))
        await examine(given, Console(file=output, width=200))
        return [line for line in output.getvalue().splitlines() if line.startswith("│ redis ")]

    return lines


async def test_redis_is_examined(examined, redis_url) -> None:
    """A configured Redis has a line that says whether it answers; without one there is no line."""
    assert await examined("") == []
    (line,) = await examined(redis_url)
    assert "ok" in line
    (line,) = await examined("redis://127.0.0.1:1")
    assert "failing" in line
    assert "127.0.0.1:1" in line
    (line,) = await examined("http://127.0.0.1")
    assert "redis.url" in line
