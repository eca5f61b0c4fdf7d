"""Network addresses of callers: whose they are, whom they stand for, and who may say so for another."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Networks = Sequence[Network]
_FORWARDED_FOR = b"x-forwarded-for"
_MOST_HOPS = 20


@lru_cache(maxsize=10_000)
def parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address, an IPv4 one that comes as IPv6 as what it is; None for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def is_within(address: str, networks: Networks) -> bool:
    """Whether an address is one of these networks'."""
    found = parsed(address)
    return found is not None and any(found in network for network in networks)


@lru_cache(maxsize=10_000)
def holder_of(address: str) -> str:
    """Whom an address stands for: of IPv6, where anyone has any number of them, the network of 64 bits."""
    found = parsed(address)
    if found is None:
        return address
    return str(IPv6Network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def caller_behind(peer: str, headers: Mapping[bytes, bytes], terminators: Networks) -> str:
    """Who calls by one of our TLS terminators: the last in `X-Forwarded-For` that is none of them.

    Anyone may write the header, so it counts from them alone, and of it only what they added.
    """
    given = headers.get(_FORWARDED_FOR)
    if given is None or not is_within(peer, terminators):
        return peer
    for hop in reversed(given.decode("latin-1").split(",")[-_MOST_HOPS:]):
        address = _without_port(hop.strip())
        if parsed(address) is None:
            return peer
        if not is_within(address, terminators):
            return address
    return peer


def _without_port(hop: str) -> str:
    """Some terminators write the port, too: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
