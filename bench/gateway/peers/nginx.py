"""nginx without a policy."""

from collections.abc import Sequence
from pathlib import Path

from bench.gateway.peers.peer import Upstream

HINT = "apt-get install nginx"
_CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log crit;
worker_processes {threads};
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_buffer_size 64k;
    client_body_temp_path {folder}/nginx.body;
    proxy_temp_path {folder}/nginx.proxy;
    fastcgi_temp_path {folder}/nginx.fastcgi;
    uwsgi_temp_path {folder}/nginx.uwsgi;
    scgi_temp_path {folder}/nginx.scgi;
    upstream service {{
        server 127.0.0.1:{service};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


def bare(program: str, upstream: Upstream) -> Sequence[str | Path]:
    """A server that only hands on."""
    path = upstream.folder / "nginx.conf"
    path.write_text(
        _CONFIGURATION.format(
            folder=upstream.folder, threads=upstream.threads, service=upstream.service, port=upstream.port
        ),
        "utf-8",
    )
    return (program, "-p", upstream.folder, "-c", path)
