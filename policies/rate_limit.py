"""Holds each client to its plan: how many requests it may make."""

from collections.abc import Awaitable, Iterator
from typing import ClassVar, Literal, NoReturn

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.limits.accounts import ASK, PREFIX, Account, Accounts, Allowance, Counting
from tollway.limits.away import WhenAway, uncounted
from tollway.limits.memory import Memory
from tollway.limits.notation import Window
from tollway.limits.plans import Limit, Limits, limits_of
from tollway.limits.subjects import Rules
from tollway.problems import QuotaExceeded, Unavailable
from tollway.strict import Strict

Counted = Literal["memory", "exact", "leased"]


class RateLimit(Strict):
    """Admits as many requests as every window of a caller's limits allows: those of its plan, and the product's own.

    Windows are fixed ones that begin with the first request after the one before, slowapi's default; in the same order
    they admit and refuse the same requests as slowapi.
    """

    after: ClassVar[tuple[str, ...]] = ("correlation", "authenticate")
    limits: Limits = ()
    """Limits for all callers of the product, besides their plan's: the windows, in the notation of the limits library,
    `"10/second;100/minute"`, or several, also with `per` and `operations`."""
    counted: Counted = "leased"
    """Where requests are counted if a Redis is configured: `leased` lets each gateway fetch permits in blocks, `exact`
    asks Redis for each request, `memory` counts in each gateway by itself, as all do without a Redis."""
    when_away: WhenAway = "open"
    """What becomes of requests while the Redis that gateways count in does not answer: `open` admits them uncounted,
    `closed` refuses them with 503 and Retry-After."""

    def __post_init__(self) -> None:
        limits_of(self.limits)

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        planned = {name: limits_of(plan.limits) for name, plan in resources.plans.plans.items()}
        known = {operation.id for operation in resources.contract.operations}
        rules = Rules(limits_of(self.limits), planned, resources.plans, known)
        counting = _counting(self.counted, resources)
        accounts = Accounts(counting, f"{PREFIX}:{resources.product}")
        find, key, take, ask, clock = accounts.known.get, rules.key, counting.take, counting.ask, counting.clock
        away = uncounted(resources.gateway.metrics, resources.product, "rate_limit", self.when_away)
        refused = resources.gateway.metrics.counter(
            "rate_limited", "Requests beyond a limit of their plan or product.", ("product",)
        ).series((resources.product,))
        closed = self.when_away == "closed"

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            caller = key(request)
            account = find(caller) or accounts.open(caller, _windows(rules, request))
            now = clock()
            full = take(account, now)
            if full is not None:
                return asked(request, account, full)
            request.answer_headers += account.headers(now)
            return following(request)

        async def asked(request: GatewayRequest, account: Account, full: Allowance | None) -> GatewayResponse:
            if full is ASK:
                try:
                    full = await ask(account)
                except Unavailable:
                    away[0] += 1
                    if closed:
                        raise
                    return await following(request)
            if full is not None:
                refused[0] += 1
                _refuse(request, account, full, clock())
            request.answer_headers += account.headers(clock())
            return await following(request)

        return handle


def _windows(rules: Rules[Limit], request: GatewayRequest) -> Iterator[tuple[str, str, Window]]:
    """The windows that hold for a request, each with its scope and whom it counts."""
    for limit, counted in rules.holding(request):
        for window in limit.parsed():
            yield limit.scope, counted, window


def _counting(counted: Counted, resources: PolicyResources) -> Counting:
    """Where the product's requests are counted, before and after a reload of the routes."""
    shared = resources.gateway.shared_rates
    if shared is None or counted == "memory":
        return resources.keep("rate_limit in memory", lambda: Memory(resources.gateway.clock))
    if counted == "exact":
        from tollway.limits.exact import Exact  # noqa: PLC0415 - Redis' library is loaded where a Redis is configured

        return resources.keep("rate_limit exact", lambda: Exact(shared))
    from tollway.limits.leased import Leased  # noqa: PLC0415 - see above

    return resources.keep("rate_limit leased", lambda: Leased(shared))


def _refuse(request: GatewayRequest, account: Account, full: Allowance, now: float) -> NoReturn:
    wait, headers = account.refusal(full, now)
    request.answer_headers += headers
    raise QuotaExceeded(
        f"The plan allows {full.amount} requests in {full.seconds} s, and they are used up.", retry_after=wait
    )
