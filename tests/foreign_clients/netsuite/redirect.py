"""Send whatever is meant for netsuite.com to the sandbox's port, so that clients run as their authors wrote them."""

import os
import socket

_resolve = socket.getaddrinfo


def _getaddrinfo(host, port, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    if name and name.endswith(".netsuite.com"):
        host, port = "127.0.0.1", int(os.environ["SANDBOX_PORT"])
    return _resolve(host, port, *args, **kwargs)


socket.getaddrinfo = _getaddrinfo
