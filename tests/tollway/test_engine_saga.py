"""Sagas: what a process brought about is undone in reverse."""

import pytest

from tollway.engine import Part, Saga
from tollway.problems import Rejected


async def test_a_saga_is_undone_last_things_first():
    """The parts are undone in reverse, and one that cannot be keeps what came before it as it is."""
    did: list[str] = []

    def undoing(name: str):
        async def undo(argument: str) -> None:
            did.append(f"{name} {argument}")
            if name == wrong:
                raise Rejected("It stays.")

        return undo

    wrong = ""
    saga = Saga(*(Part(done_by=undoing(""), undone_by=undoing(name)) for name in ("hotel", "flight", "car")))
    await saga.undo("T-1")
    assert did == ["car T-1", "flight T-1", "hotel T-1"]
    did.clear()
    wrong = "flight"
    with pytest.raises(Rejected):
        await saga.undo("T-2")
    assert did == ["car T-2", "flight T-2"]
