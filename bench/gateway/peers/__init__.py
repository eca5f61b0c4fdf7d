"""The proxies to compare with, each with the settings that serve it best; docs/performance.md gives the reasons."""

from bench.gateway.peers import caddy, envoy, haproxy, nginx
from bench.gateway.peers.peer import Peer, Upstream

PEERS: tuple[Peer, ...] = (
    Peer("envoy_jwt", "Envoy with jwt_authn and local_ratelimit", "envoy", envoy.with_policies, envoy.HINT, asks=True),
    Peer("nginx", "nginx bare", "nginx", nginx.bare, nginx.HINT),
    Peer("envoy", "Envoy bare", "envoy", envoy.bare, envoy.HINT, methods=("GET",)),
    Peer("haproxy", "HAProxy bare", "haproxy", haproxy.bare, haproxy.HINT, methods=("GET",)),
    Peer("caddy", "Caddy bare", "caddy", caddy.bare, caddy.HINT, methods=("GET",)),
)

__all__ = ["PEERS", "Peer", "Upstream"]
