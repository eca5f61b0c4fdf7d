"""A stateful imitation of the published Salesforce REST API, with Certinia's objects in its org.

Each module names the page of Salesforce's documentation that its behaviour is taken from; what no source states is
left out.
"""

import datetime as dt
from collections.abc import Callable

from system_apis.salesforce_platform.sandbox.app import build_app, refuse
from system_apis.salesforce_platform.sandbox.flows import Flow
from system_apis.salesforce_platform.sandbox.oauth import ConnectedApp, OAuth
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.seed import seed
from system_apis.salesforce_platform.sandbox.sessions import Sessions
from system_apis.salesforce_platform.sandbox.soap import Soap
from tollway.sandboxes.faults import Faults
from tollway.sandboxes.state import State

__all__ = ["create_sandbox"]


def create_sandbox(
    state: State,
    *,
    client_id: str = "sandbox",
    client_secret: str = "sandbox",  # noqa: S107 - a sandbox's well-known secret
    session_seconds: int = 7200,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    public_key: str | None = None,
    on_change: Flow | None = None,
) -> Faults:
    """The sandbox over `state`; `public_key` (PEM) verifies assertions, `on_change` is told of committed changes."""
    org = Org(state, clock)
    seed(org, client_id)
    org.on_change = on_change
    sessions = Sessions(org, session_seconds)
    oauth = OAuth(org, sessions, ConnectedApp(client_id, client_secret, public_key))
    app = build_app(org, sessions, oauth, Soap(org, sessions, oauth))
    return Faults(app, refuse, throttle_status=403)
