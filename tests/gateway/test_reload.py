"""Routes are taken into use while the gateway answers."""

import asyncio

import pytest
import yaml

from gateway.reload import RoutesReload
from tollway.problems import StartupError


def rewrite(gateway, change) -> None:
    data = yaml.safe_load(gateway.routes_file.read_text("utf-8"))
    change(data["products"][0])
    gateway.routes_file.write_text(yaml.safe_dump(data), "utf-8")


def limited(amount: str):
    return lambda product: product["policies"][2].update(rate_limit={"limits": amount})


async def test_a_changed_file_is_taken_into_use_without_dropping_a_request(gateway, reader) -> None:
    """Requests that come all the while are all answered, and the new limit holds soon after the file changed."""
    reload = RoutesReload(gateway, pause=0.02)
    reload.start()
    policies = set()
    try:
        for number in range(40):
            if number == 5:
                rewrite(gateway, limited("1000/minute"))
            answers = await asyncio.gather(*(reader.get("/sales/v1/quotes/Q1") for _ in range(3)))
            assert {answer.status_code for answer in answers} == {200}
            policies |= {answer.headers["ratelimit-policy"] for answer in answers}
            await asyncio.sleep(0.02)
    finally:
        await reload.stop()
    assert [any(limit in policy for policy in policies) for limit in ("q=50", "q=1000")] == [True, True]


async def test_a_signal_reloads_too(gateway, reader) -> None:
    """Who asks for it gets the file read again at once, however rarely it is looked at."""
    reload = RoutesReload(gateway, pause=3600)
    reload.start()
    try:
        rewrite(gateway, limited("77/minute"))
        reload.ask()
        for _ in range(100):
            answer = await reader.get("/sales/v1/quotes/Q1")
            if "q=77" in answer.headers["ratelimit-policy"]:
                break
            await asyncio.sleep(0.01)
        assert "q=77" in answer.headers["ratelimit-policy"]
    finally:
        await reload.stop()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("products: [", r"routes\.yaml cannot be read.*line 2"),
        ("products:\n- name: sales\n  prefix: /sales/v1\n", r"routes\.yaml, line 2: product sales: "),
    ],
)
async def test_a_bad_file_is_refused_whole(gateway, reader, text: str, words: str) -> None:
    """A file that is wrong is refused with line and reason, and the routes before it go on."""
    gateway.routes_file.write_text(text, "utf-8")
    with pytest.raises(StartupError, match=f"(?s){words}"):
        gateway.reload()
    assert (await reader.get("/sales/v1/quotes/Q1")).status_code == 200


async def test_what_was_counted_survives_a_reload(gateway, reader) -> None:
    """A reload gives nobody a fresh quota."""
    for _ in range(10):
        await reader.get("/sales/v1/quotes/Q1")
    gateway.reload()
    answer = await reader.get("/sales/v1/quotes/Q1")
    assert int(answer.headers["x-ratelimit-remaining"]) <= 39
