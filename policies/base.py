"""What a policy is: configuration that wraps the next handler of a request."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

import msgspec
from litestar.types import Receive

from tollway.context import RequestContext, new_context
from tollway.contracts.published import Contract, Operation
from tollway.http.exchange import Headers
from tollway.http.request_path import read_path
from tollway.limits.plans import Plans
from tollway.limits.subjects import of_issuer
from tollway.oauth.resource_server import ResourceServer
from tollway.problems import Malformed, TooLarge
from tollway.service import MOST_BODY
from tollway.telemetry.metrics import Metrics
from tollway.telemetry.telemetry import Telemetry

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.limits.connection import SharedRates
    from tollway.storage import Database

T = TypeVar("T")
_MOST_THROWN_AWAY = 10_000_000


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who the access token says is calling."""

    client: str
    subject: str
    scopes: frozenset[str]
    until: float
    """When the token is to be looked at again."""
    issuer: str = ""
    token_id: str = ""
    """The token's `jti`, by which it can be revoked."""
    customers: frozenset[str] | None = None
    """The customers whose objects the caller may see; None for the firm's own applications, which may see all."""
    counted_as: str = ""
    """The client, told apart from those of all issuers; made once, since each request is counted by it."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "counted_as", of_issuer(self.client, self.issuer))


class GatewayRequest:
    """A request on its way through the policies, which learn more about it as it goes."""

    __slots__ = ("_body", "_context", "address", "answer_headers", "caller", "contract", "deadline", "headers",
                 "max_body", "method", "operation", "path", "path_values", "peer", "query", "receive", "scheme",
                 "started")  # fmt: skip
    operation: Operation
    """What the contract says of this method and path; asking for it raises NoSuchRoute or MethodNotAllowed."""
    path_values: Mapping[str, str]
    """The values of the path's parameters; asking for them raises the same."""

    def __init__(
        self,
        *,
        method: str,
        raw_path: bytes,
        query: bytes,
        headers: Headers,
        receive: Receive,
        address: str,
        contract: Contract,
        scheme: str = "http",
        http_version: str = "2",
    ) -> None:
        """`address` is that of whoever is connected; raises Malformed for a path that can be read in two ways."""
        self.method = method
        self.scheme = scheme
        self.path = read_path(raw_path)
        """The path as it is sent on, each segment encoded the one way that every router reads alike."""
        self.query = query
        self.headers: Mapping[bytes, bytes] = _joined(headers)
        self.peer = address
        """The network address of whoever is connected: the caller, or what passes its requests on."""
        self.address = address
        """The caller's network address, as far as it can be known."""
        self.contract = contract
        self.caller: Caller | None = None
        self.answer_headers: Headers = []
        """Headers for the answer, whatever it will be: a problem carries them too."""
        self.started = time.monotonic()
        self.deadline: float | None = None
        """`time.monotonic()` after which the caller no longer waits; None where only the product's time-out holds."""
        self.receive = receive
        """Where the body comes from; a policy may stand before it."""
        self.max_body = MOST_BODY
        """Bytes that the body may hold, whoever reads it."""
        self._context: RequestContext | None = None
        self._body: bytes | None = None
        if http_version[0] == "1" and not (b"content-length" in self.headers or b"transfer-encoding" in self.headers):
            self._body = b""  # HTTP/1 announces every body

    def __getattr__(self, name: str) -> Any:
        # Only an attribute that is not set yet comes here, so that the contract is asked once and the rest is a slot.
        if name not in ("operation", "path_values"):
            raise AttributeError(name)
        self.operation, self.path_values = self.contract.find(self.method, self.path)
        return getattr(self, name)

    @property
    def context(self) -> RequestContext:
        """The ids of the request; its own until a policy takes over the caller's."""
        if self._context is None:
            self._context = new_context()
        return self._context

    @context.setter
    def context(self, context: RequestContext) -> None:
        self._context = context

    @property
    def body_so_far(self) -> bytes | None:
        """The body where somebody has read it; None where nobody has yet."""
        return self._body

    async def body(self, most: int = MOST_BODY) -> bytes:
        """The whole body; raises TooLarge as soon as it is known to hold more than `most` bytes."""
        if self._body is None:
            self._body = await self._read(min(most, self.max_body))
        return self._body

    async def _read(self, most: int) -> bytes:
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            raise await self._too_large(most, int(announced))
        chunks, size, more = [], 0, True
        while more:
            chunk, more = await self._chunk()
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise await self._too_large(most, size if more else 0)
        return b"".join(chunks)

    async def _too_large(self, most: int, size: int) -> TooLarge:
        """The refusal, once the rest of the body has been thrown away or is known to be too much even for that.

        A caller that is still sending reads no answer, so an honest one is let finish; with a larger body the
        connection ends, since the server would otherwise go on reading it.
        """
        more = size > 0
        while more and size <= _MOST_THROWN_AWAY:
            chunk, more = await self._chunk()
            size += len(chunk)
        return TooLarge(f"The body may hold {most} bytes.", headers={"connection": "close"} if more else {})

    async def _chunk(self) -> tuple[bytes, bool]:
        message = await self.receive()
        if message["type"] != "http.request":
            raise Malformed("The connection closed before the whole body had arrived.")
        return message["body"], message.get("more_body", False)


class GatewayResponse(msgspec.Struct):
    """What goes back to the caller."""

    status: int
    headers: Headers
    body: bytes
    stream: AsyncIterator[bytes] | None = None
    """The body of an answer that is passed on as it comes; `body` is empty then."""


Handler = Callable[[GatewayRequest], Awaitable[GatewayResponse]]
"""Answers a request; what goes wrong is raised as a ProblemError."""


class GatewayResources(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies of every product share; it outlives a reload of the routes."""

    oauth: ResourceServer
    """Whose tokens are taken, and what is remembered about them."""
    clock: Callable[[], float] = time.time
    shared_rates: "SharedRates | None" = None
    """Where limits are counted for all gateways; without it each counts in its own memory."""
    database: "Database | None" = None
    """Where answers and the audit are kept; without it no product may have a policy that keeps any."""
    telemetry: Telemetry = msgspec.field(default_factory=Telemetry)
    """By what the gateway can be watched; unless given it counts, and tells nobody."""
    kept: dict[tuple[str, str], Any] = {}
    """What policies keep over a reload, by owner and name."""

    def keep(self, owner: str, name: str, make: Callable[[], T]) -> T:
        """The one object of this name that a product, a service or, for an empty owner, the whole gateway has.

        It is made when first asked for, and survives a reload of the routes.
        """
        key = (owner, name)
        if key not in self.kept:
            self.kept[key] = make()
        return cast("T", self.kept[key])

    @property
    def metrics(self) -> Metrics:
        """Where policies count what they do."""
        return self.telemetry.metrics


class PolicyResources(msgspec.Struct, frozen=True, kw_only=True):
    """What one product's policies are given, besides their configuration."""

    product: str
    """The API product's name; with the caller's, the key of whatever is counted."""
    service: str = ""
    """The service that answers, which several products may share."""
    timeout: float = 30.0
    """Seconds the service may take."""
    contract: Contract
    plans: Plans = Plans()
    """The plans of the file of routes, and who has which."""
    gateway: GatewayResources
    when_taken: list[Callable[[], None]] = []
    """What is to be done once these routes are taken into use: a file that is refused leaves nothing behind."""

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """The product's one object of this name."""
        return self.gateway.keep(self.product, name, make)


class Policy(Protocol):
    """One rule that requests of an API product keep to; its fields are its configuration in `gateway/routes.yaml`."""

    after: ClassVar[tuple[str, ...]]
    """The policies that must stand before this one, where they are used at all."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        """A handler that applies the policy and goes on to `following`; ValueError when it cannot be applied."""
        ...


def name(policy: type[Policy]) -> str:
    """The policy's name in `gateway/routes.yaml`: that of its file."""
    return policy.__module__.rpartition(".")[2]


def _joined(headers: Headers) -> dict[bytes, bytes]:
    joined = dict(headers)
    if len(joined) != len(headers):
        joined = {}
        for field, value in headers:
            joined[field] = joined[field] + b", " + value if field in joined else value
    return joined
