"""HTTP to addresses that somebody outside chose: public ones only, over TLS, and never where a redirect leads.

A name is resolved once, its addresses are judged, and the connection goes to the one that was judged: a name that means
something else a moment later (DNS rebinding) leads nowhere new.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

import httpx
import msgspec

from tollway.problems import Rejected, Unavailable, UnknownOutcome

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_MOST_READ = 1_000
"""Bytes of an answer that are looked at."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Answered(msgspec.Struct, frozen=True):
    """The answer's status and headers, and the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    beginning: str


class Outside:
    """Posts to addresses outside."""

    def __init__(self, allowed: Sequence[str] = (), *, timeout: float = 10.0, certificates: str = "") -> None:
        """`allowed` are networks besides the public ones; `certificates` a file of authorities, else the usual ones."""
        self._allowed = [ipaddress.ip_network(network) for network in allowed]
        self._timeout = timeout
        # Whoever sends bounds how much at once: a bound here would let those who are away keep others waiting.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        verify = httpx.create_ssl_context(verify=certificates or True)
        self._client = httpx.AsyncClient(verify=verify, limits=limits, trust_env=False, follow_redirects=False)

    async def check(self, url: str) -> None:
        """Raise Rejected when nothing is sent to this address, Unavailable when its name is not known at present."""
        await self._judged(_split(url))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Post; raises Rejected for an address that is not allowed, Unavailable or UnknownOutcome when none answers."""
        parts = _split(url)
        address = await self._judged(parts)
        host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - IPv6
        target = parts._replace(netloc=f"{host}:{_port(parts)}", fragment="").geturl()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    "POST",
                    target,
                    content=body,
                    headers={"user-agent": "tollway", **headers, "host": parts.netloc},
                    extensions={"sni_hostname": parts.hostname},
                    timeout=self._timeout,
                ) as answer,
            ):
                return Answered(answer.status_code, dict(answer.headers), await _beginning(answer))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(f"{parts.hostname} cannot be reached: {error or type(error).__name__}.") from error
        except (httpx.HTTPError, TimeoutError) as error:
            reason = str(error) or "it took too long"
            raise UnknownOutcome(f"{parts.hostname} did not answer: {reason}.") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _judged(self, parts: SplitResult) -> Address:
        """An address of the host to which sending is allowed."""
        for address in await _addresses(parts.hostname or "", _port(parts)):
            if any(address in network for network in self._allowed):
                continue
            if parts.scheme != "https":
                raise Rejected("Events are sent over https only.")
            if not _is_public(address):
                raise Rejected(f"{parts.hostname} is no public address; events are sent to those only.")
        return address


def _split(url: str) -> SplitResult:
    """The parts of a URL; raises Rejected for one that nobody could send to, or that is not read alike by all."""
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        usable = parts.scheme in ("https", "http") and parts.hostname and _port(parts)
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable or parts.username is not None or not (parts.netloc.isascii() and parts.netloc.isprintable()):
        raise Rejected("The address must be an https URL without credentials.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_public(address: Address) -> bool:
    inside = _inside(address) if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_global and not address.is_multicast and (inside is None or _is_public(inside))


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a gateway may make of an IPv6 one."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


async def _addresses(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"The name {host} is not known.") from error
    return [ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found]


async def _beginning(answer: httpx.Response) -> str:
    read = b""
    async for part in answer.aiter_raw():
        read += part
        if len(read) >= _MOST_READ:
            break
    return read[:_MOST_READ].decode("utf-8", "replace")
