"""Carries a request out once, however often the caller repeats it with the same Idempotency-Key."""

from collections.abc import Awaitable
from email.utils import formatdate
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
import structlog
from msgspec.structs import replace

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.contracts.published import Contract
from tollway.http.platforms import SAFE_METHODS
from tollway.idempotency.answers import SERVER_ERROR, StoredAnswer, decode, encode, kept, nothing_happened
from tollway.idempotency.claims import Claim, Earlier, Held
from tollway.idempotency.key import EXPIRES, FIELD, HEADER, REPLAYED, fingerprint, identify, read
from tollway.problems import Conflict, KeyInUse, KeyReused, Malformed, ProblemError, Unavailable
from tollway.strict import Strict

if TYPE_CHECKING:  # the database's library is loaded where a product keeps something
    from tollway.idempotency.store import KeyStore

log = structlog.get_logger()
_IN_USE_FOR = 1.0
"""Seconds after which a repetition of what is under way may find it done."""


class Idempotency(Strict):
    """Keeps the final answer to every unsafe request that carries a key, and gives it to repetitions.

    An operation asks for the key where its contract says that the header is required.
    """

    after: ClassVar[tuple[str, ...]] = (
        "correlation", "authenticate", "scopes", "object_access", "rate_limit", "audit"
    )  # fmt: skip
    keep_for: Annotated[float, msgspec.Meta(ge=60)] = 86_400.0
    """Seconds for which an answer is kept; the header `Idempotency-Key-Expires` tells callers when they end."""
    lease: Annotated[float, msgspec.Meta(ge=1)] = 15.0
    """Seconds after which a repetition may complete a request whose gateway is gone; one that lives renews them."""
    largest: Annotated[int, msgspec.Meta(ge=0)] = 262_144
    """Bytes of an answer that are kept; of a larger one only that it was given."""
    when_away: Literal["open", "closed"] = "closed"
    """What becomes of requests with a key while the database is away: `open` lets them through, each repetition anew,
    `closed` refuses them with 503 and Retry-After."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        database = resources.gateway.database
        if database is None:
            raise ValueError("answers are kept in a database, and this gateway has none")
        from tollway.idempotency.store import KeyStore  # noqa: PLC0415 - see above

        store = resources.gateway.keep("", "idempotency", lambda: KeyStore(database))
        asking = _asking(resources.contract)
        once = Once(self, store, following)

        async def handle_unsafe(request: GatewayRequest) -> GatewayResponse:
            value = request.headers.get(FIELD)
            if value is not None:
                return await once.answer(request, read(value))
            if request.operation.id in asking:
                raise Malformed(f"This operation asks for the {HEADER} header: a value that stands for this request.")
            return await following(request)

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            return following(request) if request.method in SAFE_METHODS else handle_unsafe(request)

        return handle


class Once:
    """Answers each key's request by carrying it out, and its repetitions by what was answered then."""

    def __init__(self, policy: Idempotency, store: "KeyStore", following: Handler) -> None:
        self._policy = policy
        self._store = store
        self._following = following

    async def answer(self, request: GatewayRequest, key: str) -> GatewayResponse:
        """The answer to the key's request; raises KeyInUse, KeyReused or Conflict where a repetition gets none."""
        claim = await self._claim_of(request, key)
        try:
            result = await self._store.claim(claim)
        except Unavailable:
            if self._policy.when_away == "closed":
                raise
            return await self._following(request)
        if isinstance(result, Held):
            request.context = replace(request.context, request_key=claim.id)
            return await self._carry_out(request, result)
        return _replayed(result, claim.fingerprint)

    async def _claim_of(self, request: GatewayRequest, key: str) -> Claim:
        caller = request.caller
        who = (caller.issuer, caller.client, caller.subject) if caller else ("", "", request.address)
        same = fingerprint(
            method=request.method,
            operation=request.operation.id,
            path=request.path,
            query=request.query,
            content_type=request.headers.get(b"content-type", b""),
            body=await request.body(),
        )
        policy = self._policy
        return Claim(id=identify(*who, key), fingerprint=same, lease=policy.lease, keep_for=policy.keep_for)

    async def _carry_out(self, request: GatewayRequest, held: Held) -> GatewayResponse:
        said_before = len(request.answer_headers)
        try:
            response = await self._following(request)
        except ProblemError as error:
            # Below 500 it is the gateway that refuses, before anything was sent on.
            happened = not (nothing_happened(error.status) or error.status < SERVER_ERROR)
            await _noted(self._store.leave_undecided(held) if happened else self._store.free(held))
            raise
        except BaseException:  # a mistake of ours, or nobody waits any longer
            self._store.leave_undecided(held)
            raise
        if nothing_happened(response.status):
            await _noted(self._store.free(held))
        elif response.status >= SERVER_ERROR:
            await _noted(self._store.leave_undecided(held))
        else:
            headers = kept([*response.headers, *request.answer_headers[said_before:]])
            whole = response.stream is None and len(response.body) <= self._policy.largest
            answer = StoredAnswer(response.status, headers, response.body if whole else None)
            await _noted(self._store.keep(held, encode(answer)))
            response.headers.append(_expires(held.expires_at))
        return response


def _asking(contract: Contract) -> frozenset[str]:
    """The operations whose contract says that the key is required."""
    return frozenset(
        operation.id
        for operation in contract.operations
        for parameter in operation.parameters.header
        if parameter.required and parameter.header == FIELD
    )


def _replayed(earlier: Earlier, same: str) -> GatewayResponse:
    if earlier.fingerprint != same:
        raise KeyReused(f"The {HEADER} stood for another request before; a new request takes a new key.")
    if earlier.answer is None:
        raise KeyInUse("The request with this key is under way; repeat it to get its answer.", retry_after=_IN_USE_FOR)
    answer, expires = decode(earlier.answer), _expires(earlier.expires_at)
    if answer.body is None:
        raise Conflict(
            f"The request with this key was carried out and answered {answer.status}, but the answer was too large to "
            "be kept; read what it brought about.",
            headers={name.decode(): value.decode() for name, value in (expires, (REPLAYED, b"true"))},
        )
    return GatewayResponse(answer.status, [*answer.headers, expires, (REPLAYED, b"true")], answer.body)


async def _noted(settling: Awaitable[None]) -> None:
    """Wait until it is written; where that fails the answer is true all the same, and the lease ends by itself."""
    try:
        await settling
    except Unavailable as error:
        log.warning("an idempotency key is not settled", reason=error.detail)


def _expires(moment: float) -> tuple[bytes, bytes]:
    return EXPIRES, formatdate(moment, usegmt=True).encode()
