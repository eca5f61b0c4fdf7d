"""Something else is wanted under the identity of an effect that is applied."""

from typing import Any

import msgspec

from tollway import masking
from tollway.canonical.case import Category
from tollway.effects.record import EffectRecord
from tollway.problem_document import Violation
from tollway.problems import Conflict

_NOTHING = "nothing"


def contradiction(applied: EffectRecord, wanted: str) -> Conflict:
    """The problem that names every field in which what is wanted now differs from what was applied."""
    before, after = (_fields(text) for text in (applied.wanted, wanted))
    violations = [
        Violation(
            pointer=f"/{name}" if name else "",
            message=f"It was made with {before.get(name, _NOTHING)}, and is to be {after.get(name, _NOTHING)}.",
        )
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    words = f"{applied.identity} stands already, made with other terms; it is not changed by asking for it again."
    return Conflict(words, violations=violations, category=Category.CONTRACT_MISMATCH)


def _fields(text: str | None) -> dict[str, str]:
    """What people are shown of each field."""
    value: Any = masking.masked(msgspec.json.decode(text)) if text else {}
    fields = value if isinstance(value, dict) else {"": value}
    return {name: msgspec.json.encode(field).decode() for name, field in fields.items()}
