"""Takes a port, or says in one sentence why it cannot be had."""

import socket

from tollway.problems import StartupError


def bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket bound to an address; raises StartupError, naming what to change, when the port is taken.

    `shared` ones may be bound to the same address, where the system spreads callers over them.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's delay off; without, each small answer waits 40 ms for an ACK.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise StartupError(
            f"Port {port} on {host} cannot be used ({error.strerror}); stop what holds it or set another port."
        ) from error
    return taken
