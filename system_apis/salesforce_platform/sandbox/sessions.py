"""Sessions: what an access token is worth, and for how long.

Source: Salesforce Help 'Modify Session Security Settings': a session ends when it was not used for the time-out, and
use is only noticed in the second half of it. A token begins with the org's id and an exclamation mark.
"""

import datetime as dt
import secrets

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org

KIND = "_session"


class Sessions:
    """The sessions of an org."""

    def __init__(self, org: Org, seconds: int) -> None:
        self._org = org
        self.seconds = seconds

    def open(self) -> str:
        """A new session's token."""
        token = f"{self._org.id[:15]}!{secrets.token_urlsafe(48).replace('-', '.')}"
        self._keep(token)
        return token

    def _keep(self, token: str) -> None:
        expires = self._org.clock().timestamp() + self.seconds
        self._org.state.put(KIND, token, {"expires": expires})

    def expiry(self, token: str) -> dt.datetime | None:
        """When the session ends; None when there is none or it has ended."""
        session = self._org.state.get(KIND, token)
        if session is None or session["expires"] <= self._org.clock().timestamp():
            return None
        return dt.datetime.fromtimestamp(session["expires"], dt.UTC)

    def check(self, authorization: str) -> None:
        """Let a call with that header pass, or raise ApiError INVALID_SESSION_ID."""
        scheme, _, token = authorization.partition(" ")
        expires = self.expiry(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if expires is None:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid")
        if expires.timestamp() - self._org.clock().timestamp() < self.seconds / 2:
            self._keep(token.strip())

    def close(self, token: str) -> bool:
        """End a session; whether there was one."""
        if self._org.state.get(KIND, token) is None:
            return False
        self._org.state.delete(KIND, token)
        return True
