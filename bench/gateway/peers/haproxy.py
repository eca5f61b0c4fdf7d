"""HAProxy without a policy."""

from collections.abc import Sequence
from pathlib import Path

from bench.gateway.peers.peer import Upstream

HINT = "apt-get install haproxy"
_CONFIGURATION = """\
global
    nbthread {threads}
    maxconn 4096
defaults
    mode http
    option http-keep-alive
    http-reuse always
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend bench
    bind 127.0.0.1:{port}
    default_backend service
backend service
    server service 127.0.0.1:{service} pool-max-conn 256
"""


def bare(program: str, upstream: Upstream) -> Sequence[str | Path]:
    """HAProxy that only hands on."""
    path = upstream.folder / "haproxy.cfg"
    path.write_text(
        _CONFIGURATION.format(threads=upstream.threads, port=upstream.port, service=upstream.service), "utf-8"
    )
    return (program, "-db", "-f", path)
