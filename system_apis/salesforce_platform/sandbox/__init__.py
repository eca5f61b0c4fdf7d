"""A stateful imitation of the published Salesforce REST API, with Certinia's objects in its org.

Each module names the page of Salesforce's documentation that its behaviour is taken from; what no source states is
left out.
"""

import datetime as dt
from collections.abc import Callable

from system_apis.salesforce_platform.sandbox.app import Beside, build_app, refuse
from system_apis.salesforce_platform.sandbox.flows import Flow
from system_apis.salesforce_platform.sandbox.limits import DAILY_REQUESTS
from system_apis.salesforce_platform.sandbox.oauth import ConnectedApp, OAuth
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.pubsub.options import EventOptions
from system_apis.salesforce_platform.sandbox.seed import seed
from system_apis.salesforce_platform.sandbox.sessions import Sessions
from system_apis.salesforce_platform.sandbox.soap import Soap
from tollway.sandboxes.faults import Faults
from tollway.sandboxes.state import State

__all__ = ["EventOptions", "create_sandbox"]


def create_sandbox(
    state: State,
    *,
    client_id: str = "sandbox",
    client_secret: str = "sandbox",  # noqa: S107 - a sandbox's well-known secret
    session_seconds: int = 7200,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    public_key: str | None = None,
    on_change: Flow | None = None,
    daily_requests: int = DAILY_REQUESTS,
    events: EventOptions | None = None,
) -> Faults:
    """The sandbox over `state`; `public_key` (PEM) verifies assertions, `on_change` is told of committed changes.

    Beyond `daily_requests` it refuses until the next day. With `events` it has an event bus, served beside it.
    """
    org = Org(state, clock)
    seed(org, client_id)
    org.on_change = on_change
    sessions = Sessions(org, session_seconds)
    oauth = OAuth(org, sessions, ConnectedApp(client_id, client_secret, public_key))
    beside = [_event_bus(org, sessions, events)] if events else []
    app = build_app(org, sessions, oauth, Soap(org, sessions, oauth), daily_requests, beside)
    return Faults(app, refuse, throttle_status=403)


def _event_bus(org: Org, sessions: Sessions, options: EventOptions) -> Beside:
    # gRPC and Avro are loaded where an org has a bus.
    from system_apis.salesforce_platform.sandbox.pubsub.bus import Bus  # noqa: PLC0415
    from system_apis.salesforce_platform.sandbox.pubsub.capture import Capture  # noqa: PLC0415
    from system_apis.salesforce_platform.sandbox.pubsub.server import EventServer  # noqa: PLC0415

    bus = Bus(org.state, org.clock, options.retention)
    org.capture = Capture(org, bus, options.selected).transaction
    server = EventServer(org, sessions, bus, options)
    return lambda _: server.serve()
