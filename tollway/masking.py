"""What people are shown of data that was sent: all of it but secrets and bank data, told apart by the fields' names."""

import re
from typing import Any

import msgspec

HIDDEN = "***"
_SECRET = re.compile(
    r"secret|passw(or)?d|passphrase|credential|authorization|token(?!id)|(api|private)key"
    r"|(cookie|assertion|(access|signing|encryption|consumer)key|^cvv|^cvc|^pin)$"
)
_BANK = re.compile(r"(iban|bankaccount|accountnumber|routingnumber|sortcode|cardnumber|abanumber|swiftcode|^bic|^pan)$")
_BEARER = re.compile(r"\b(bearer|basic|dpop)\s+[A-Za-z0-9._~+/=\-]{8,}", re.IGNORECASE)
_SHOWN = 4
"""The last characters of a bank account or card, by which people know which one it is."""
_SHORTEST = 8
"""What is shorter would be told by its last characters."""


def masked(value: Any, field: str = "") -> Any:
    """Plain data with the values of secret fields hidden, and of bank accounts and cards all but the last digits."""
    name = re.sub(r"[^a-z]", "", field.lower())
    if _SECRET.search(name):
        return HIDDEN if value not in (None, "") else value
    if isinstance(value, dict):
        return {key: masked(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, field) for item in value]
    if _BANK.search(name) and isinstance(value, str | int):
        return _last(str(value))
    return masked_text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """A text of a platform's or of ours, without credentials that were quoted in it."""
    return _BEARER.sub(lambda found: f"{found[1]} {HIDDEN}", text)


def shown(value: Any) -> str:
    """Anything of ours as JSON, with the same masked."""
    return msgspec.json.encode(masked(msgspec.to_builtins(value, str_keys=True))).decode()


def masked_json(text: str | None) -> str:
    """JSON with the same masked; empty for none."""
    return msgspec.json.encode(masked(msgspec.json.decode(text))).decode() if text else ""


def _last(number: str) -> str:
    return HIDDEN + number[-_SHOWN:] if len(number) >= _SHORTEST else HIDDEN if number else number
