"""Writes down every unsafe call, and what came of it, before the caller is told."""

import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn

import structlog

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.audit.record import Outcome, Record, outcome_of
from tollway.http.platforms import SAFE_METHODS
from tollway.idempotency.key import FIELD, LONGEST, REPLAYED
from tollway.problems import ProblemError, Unavailable, UnknownOutcome
from tollway.strict import Strict

if TYPE_CHECKING:  # the database's library is loaded where a product keeps something
    from tollway.audit.trail import AuditTrail

log = structlog.get_logger()


class Audit(Strict):
    """Keeps who asked for what, when, and what came of it: neither bodies nor secrets."""

    after: ClassVar[tuple[str, ...]] = ("correlation", "authenticate", "rate_limit")
    when_away: Literal["open", "closed"] = "closed"
    """What becomes of unsafe requests while the database is away: `open` lets them through with a warning in the log,
    `closed` refuses them with 503 and Retry-After."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        database = resources.gateway.database
        if database is None:
            raise ValueError("the audit is kept in a database, and this gateway has none")
        from tollway.audit.trail import AuditTrail  # noqa: PLC0415 - see above

        trail = resources.gateway.keep("", "audit", lambda: AuditTrail(database))
        auditor = Auditor(self, trail, resources)

        async def handle_unsafe(request: GatewayRequest) -> GatewayResponse:
            if self.when_away == "closed":
                await trail.check()
            try:
                response = await following(request)
            except Exception as error:
                status = error.status if isinstance(error, ProblemError) else ProblemError.status
                await auditor.keep(request, status, outcome_of(status))
                raise
            except BaseException:  # nobody waits any longer
                trail.submit(auditor.record(request, UnknownOutcome.status, Outcome.UNKNOWN))
                raise
            replayed = any(name == REPLAYED for name, _ in response.headers)
            await auditor.keep(request, response.status, outcome_of(response.status, replayed=replayed))
            return response

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            return following(request) if request.method in SAFE_METHODS else handle_unsafe(request)

        return handle


class Auditor:
    """Makes one product's records, and waits until they are kept."""

    def __init__(self, policy: Audit, trail: "AuditTrail", resources: PolicyResources) -> None:
        self._policy = policy
        self._trail = trail
        self._product = resources.product
        self._clock = resources.gateway.clock

    async def keep(self, request: GatewayRequest, status: int, outcome: Outcome) -> None:
        """Keep a call; raises Unavailable or UnknownOutcome where it must not be answered without."""
        try:
            await self._trail.submit(self.record(request, status, outcome))
        except Unavailable as error:
            log.warning("a call is not audited", product=self._product, correlation_id=request.context.correlation_id)
            if self._policy.when_away == "closed":
                _say_not_kept(outcome, error)

    def record(self, request: GatewayRequest, status: int, outcome: Outcome) -> Record:
        """What is kept of a call."""
        lasted = time.monotonic() - request.started
        caller, body = request.caller, request.body_so_far
        return Record(
            at=datetime.fromtimestamp(self._clock() - lasted, UTC).isoformat(" ", "microseconds"),
            product=self._product,
            operation=_operation(request),
            client=caller.client if caller else "",
            subject=caller.subject if caller else "",
            issuer=caller.issuer if caller else "",
            token_id=caller.token_id if caller else "",
            address=request.address,
            method=request.method,
            path=request.path,
            status=status,
            outcome=outcome,
            correlation_id=request.context.correlation_id,
            idempotency_key=request.headers.get(FIELD, b"")[:LONGEST].decode("latin-1"),
            body_sha256="" if body is None else sha256(body).hexdigest(),
            duration_ms=round(lasted * 1000, 3),
        )


def _operation(request: GatewayRequest) -> str:
    try:
        return request.operation.id
    except ProblemError:
        return ""


def _say_not_kept(outcome: Outcome, error: Exception) -> NoReturn:
    """Raise what is true of a call whose record cannot be kept: it may be repeated, or has to be looked after."""
    if outcome in (Outcome.REFUSED, Outcome.UNAVAILABLE, Outcome.REPLAYED):
        raise Unavailable("Calls cannot be audited now; this one changed nothing.", retry_after=1) from error
    raise UnknownOutcome("The call was carried out, but could not be audited; read what it brought about.") from error
