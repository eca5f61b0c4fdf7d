"""The chain of the audit: the hash of every record covers what it says and the hash of the one before it."""

import datetime as dt
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from tollway.problems import StartupError

_HASH_LENGTH = 64


class Head(msgspec.Struct, frozen=True):
    """The last record of the chain: who knows it can tell whether anything up to it was changed since."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


START = Head(0, "0" * _HASH_LENGTH)
"""The head of a chain without records."""


def parsed(text: str) -> Head:
    """The head that was printed as this text; raises StartupError."""
    position, _, digest = text.partition(":")
    if not (position.isascii() and position.isdigit() and len(digest) == _HASH_LENGTH):
        raise StartupError(f"{text!r} is no head of the audit; `tollway audit head` prints them.")
    return Head(int(position), digest)


def following(head: Head, position: int, said: Mapping[str, Any]) -> Head:
    """The head once a record with these fields follows.

    Fields that are empty do not count, so that a field added later leaves the hashes of older records as they are.
    """
    counted = {name: value for name, value in said.items() if value != ""}
    content = msgspec.json.encode(counted | {"id": position}, order="sorted")
    return Head(position, sha256(head.hash.encode() + content).hexdigest())


def moment(at: dt.datetime) -> str:
    """A moment as the chain spells it, whatever zone the database tells it in."""
    return at.astimezone(dt.UTC).isoformat(" ", "microseconds")
