"""Record ids: 15 case-sensitive characters and 3 that make them safe where case is lost.

Source: 'Object Reference: ID Field Type'.
"""

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def build_id(prefix: str, number: int) -> str:
    """The 18-character id of the record with that number; `ak` stands for the org's instance."""
    digits = ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return with_suffix(f"{prefix}ak0{digits:0>9}")


def with_suffix(short: str) -> str:
    """The 18 characters: each of the last three tells which of five characters are capitals."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, char in enumerate(short[start : start + 5]) if char.isupper())
        suffix += CHECK_ALPHABET[bits]
    return short + suffix


def read_id(text: object) -> str | None:
    """The 18-character form of an id of 15 or 18 characters; None when it is none."""
    if not isinstance(text, str) or not SHAPE.fullmatch(text):
        return None
    full = with_suffix(text[:15])
    return full if len(text) == len(full[:15]) or text == full else None
