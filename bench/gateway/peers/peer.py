"""What a proxy is asked to do, and what one is to the bench."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec


class Upstream(msgspec.Struct, frozen=True):
    """Where a proxy listens and to whom it hands on."""

    folder: Path
    """Where its configuration goes."""
    port: int
    service: int
    """The port of the service, on the loopback address."""
    threads: int
    jwks: Path
    issuer: str
    audience: str


class Peer(msgspec.Struct, frozen=True):
    """A proxy in front of the same service."""

    name: str
    words: str
    program: str
    command: Callable[[str, Upstream], Sequence[str | Path]]
    """Writes the configuration and answers how the program found at a path is run in the foreground."""
    hint: str
    """How to get the program."""
    methods: tuple[str, ...] = ("GET", "POST")
    """What is measured of it."""
    asks: bool = False
    """Whether it asks for an access token."""
