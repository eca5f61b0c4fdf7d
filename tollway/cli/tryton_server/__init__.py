"""A real Tryton on a real PostgreSQL, started on loopback as processes of their own.

Tryton is GPL-3: nothing here imports it. It is installed into an environment of its own and reached over HTTP.
"""

from tollway.cli.tryton_server.server import TrytonServer, tryton_server

__all__ = ["TrytonServer", "tryton_server"]
