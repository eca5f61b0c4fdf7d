"""Send whatever is meant for netsuite.com to the sandbox's port and trust its certificate.

So clients run as their authors wrote them.
"""

import os
import socket

import certifi

_resolve, _connect = socket.getaddrinfo, socket.socket.connect


def _getaddrinfo(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    return _resolve("127.0.0.1" if name and name.endswith(".netsuite.com") else host, *args, **kwargs)


def _connect_to_sandbox(self, address):
    return _connect(self, ("127.0.0.1", int(os.environ["SANDBOX_PORT"])) if address == ("127.0.0.1", 443) else address)


socket.getaddrinfo = _getaddrinfo
socket.socket.connect = _connect_to_sandbox
certifi.where = lambda: os.environ["SSL_CERT_FILE"]
