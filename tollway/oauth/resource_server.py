"""All that an OAuth resource server stands on: its issuers, and what it remembers about tokens and proofs."""

import time
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import TYPE_CHECKING

import msgspec

from tollway.http.addresses import Network
from tollway.oauth.challenges import WELL_KNOWN, Challenges
from tollway.oauth.dpop import Proofs
from tollway.oauth.introspection import Introspection
from tollway.oauth.issuer_client import Fetch, IssuerClient
from tollway.oauth.keys import IssuerKeys
from tollway.oauth.metadata import IssuerMetadata
from tollway.oauth.replays import RememberedReplays, SharedReplays
from tollway.oauth.revocations import Revocations
from tollway.oauth.settings import IssuerSettings
from tollway.oauth.tokens import TrustedIssuer
from tollway.problems import StartupError
from tollway.settings import GatewaySettings, RedisSettings

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.oauth.shared_state import SharedState


class ResourceServer(msgspec.Struct, frozen=True, kw_only=True):
    """What every API product of a gateway shares; it outlives a reload of the routes."""

    url: str
    """The address by which callers know the gateway."""
    issuers: Mapping[str, TrustedIssuer]
    """By the `iss` they sign with, in the order in which they are asked about opaque tokens."""
    revocations: Revocations
    proofs: Proofs
    terminators: tuple[Network, ...] = ()
    """Who may pass on a client certificate, and say for whom they call."""
    client: IssuerClient | None = None
    shared: "SharedState | None" = None

    def challenges(self, path: str) -> Challenges:
        """The challenges of the API product to which a path belongs, by its first two segments: API and major."""
        return Challenges(f"{self.url}{WELL_KNOWN}{'/'.join(path.split('/', 3)[:3])}")

    async def ready(self) -> dict[str, str]:
        """The state of each issuer, for `/health/ready`."""
        states = [await issuer.keys.ready() for issuer in self.issuers.values()]
        wrong = [state for state in states if state != "ok"]
        return {"issuer": "; ".join(wrong) or "ok"}

    async def start(self) -> None:
        """Begin to hear of tokens that are revoked elsewhere."""
        await self.revocations.start()

    async def close(self) -> None:
        """End what `start` began, and close every connection."""
        await self.revocations.close()
        if self.client:
            await self.client.close()
        if self.shared:
            await self.shared.close()


def resource_server(
    settings: GatewaySettings,
    *,
    secret: str,
    redis: RedisSettings | None = None,
    local: Mapping[str, Fetch] | None = None,
    revocations: Revocations | None = None,
    clock: Callable[[], float] = time.time,
) -> ResourceServer:
    """The resource server of the settings; raises StartupError for a setting that makes none.

    `secret` is shared by all gateways. `local` are issuers, by URL, that this process serves itself, and how their
    documents are had without asking over the network; `revocations` those of such an issuer.
    """
    if odd := next((name for name in settings.issuers if ":" in name), None):
        raise StartupError(f"The setting gateway.issuers.{odd} has a colon in its name, which is to end it.")
    client = IssuerClient()
    shared = _shared_state(redis) if redis and redis.url else None
    own = RememberedReplays(clock)
    trusted = {issuer.url: issuer for issuer in settings.trusted_issuers}
    fetches = dict.fromkeys(trusted, client.get) | dict(local or {})
    for url in fetches.keys() - trusted.keys():
        trusted[url] = IssuerSettings(url=url)
    return ResourceServer(
        url=(settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/"),
        issuers={
            url: _trusted_issuer(issuer, settings, fetches[url], client, clock) for url, issuer in trusted.items()
        },
        revocations=revocations or Revocations(shared, clock),
        proofs=Proofs(secret.encode(), SharedReplays(shared, own) if shared else own, clock),
        terminators=tuple(_network(text) for text in settings.tls_terminators),
        client=client,
        shared=shared,
    )


def _shared_state(redis: RedisSettings) -> "SharedState":
    from tollway.oauth.shared_state import SharedState  # noqa: PLC0415 - see above

    return SharedState(redis)


def _trusted_issuer(
    issuer: IssuerSettings, settings: GatewaySettings, fetch: Fetch, client: IssuerClient, clock: Callable[[], float]
) -> TrustedIssuer:
    metadata = IssuerMetadata(issuer.url, fetch, clock)
    introspection = (
        Introspection(metadata, client.post, issuer.client_id, issuer.client_secret) if issuer.client_id else None
    )
    return TrustedIssuer(
        settings=issuer,
        name=next((name for name, one in settings.issuers.items() if one.url == issuer.url), ""),
        names=tuple(settings.issuers),
        audience=issuer.audience or settings.audience,
        keys=IssuerKeys(metadata, clock=clock),
        introspection=introspection,
    )


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise StartupError(f"The setting gateway.tls_terminators is wrong: {error}.") from None
