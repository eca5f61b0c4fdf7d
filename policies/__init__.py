"""Every policy there is."""

from policies.audit import Audit
from policies.authenticate import Authenticate
from policies.base import Policy
from policies.circuit_breaker import CircuitBreaker
from policies.concurrency import Concurrency
from policies.correlation import Correlation
from policies.cors import Cors
from policies.idempotency import Idempotency
from policies.lifecycle import Lifecycle
from policies.load_shedding import LoadShedding
from policies.object_access import ObjectAccess
from policies.rate_limit import RateLimit
from policies.request_contract import RequestContract
from policies.request_limits import RequestLimits
from policies.response_contract import ResponseContract
from policies.scopes import Scopes
from policies.security_headers import SecurityHeaders
from policies.telemetry import Telemetry

POLICIES: tuple[type[Policy], ...] = (
    Telemetry,
    Correlation,
    Authenticate,
    Lifecycle,
    RateLimit,
    Concurrency,
    Scopes,
    ObjectAccess,
    Audit,
    Idempotency,
    RequestContract,
    ResponseContract,
    SecurityHeaders,
    Cors,
    RequestLimits,
    LoadShedding,
    CircuitBreaker,
)
