"""Every policy there is."""

from policies.authenticate import Authenticate
from policies.base import Policy
from policies.correlation import Correlation
from policies.rate_limit import RateLimit
from policies.request_contract import RequestContract
from policies.scopes import Scopes

POLICIES: tuple[type[Policy], ...] = (Correlation, Authenticate, RateLimit, Scopes, RequestContract)
