"""The OAuth 2 endpoints.

Source: Salesforce Help 'OAuth 2.0 Client Credentials Flow, JWT Bearer Flow, Username-Password Flow, OAuth 2.0 Error
Codes, Revoke OAuth Tokens, OpenID Connect Token Introspection'; an outdated assertion is answered as issues 371 and 491
of simple-salesforce recorded it, a stranger's introspection as RFC 7662, section 2.3, says. There is no `expires_in`.
The sandbox has one connected app, `client_id` with `client_secret`; for flows with a user name that is the client id,
the password the client secret, with or without a security token behind it.
"""

import base64
import hashlib
import hmac
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeyFlexible, RSAKey

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.rest import Answer
from system_apis.salesforce_platform.sandbox.sessions import Sessions

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
CLOCK_SKEW_SECONDS = 180


class Refused(Exception):
    """An OAuth error code and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.body = {"error": error, "error_description": description}


class ConnectedApp(msgspec.Struct, frozen=True):
    """The one app that may log in."""

    client_id: str
    client_secret: str
    public_key: str | None = None
    """The certificate or public key, PEM, with which it signs assertions."""


class OAuth:
    """Grants, ends and describes sessions."""

    def __init__(self, org: Org, sessions: Sessions, app: ConnectedApp) -> None:
        self._org = org
        self._sessions = sessions
        self._app = app

    def token(self, form: dict[str, str], authorization: str, instance_url: str) -> Answer:
        """A token for a grant."""
        try:
            self._check_grant(form | _basic(authorization), instance_url)
        except Refused as refusal:
            return Answer(400, refusal.body)
        issued = str(int(self._org.clock().timestamp() * 1000))
        identity = self.identity_url(instance_url)
        signature = hmac.digest(self._app.client_secret.encode(), f"{identity}{issued}".encode(), hashlib.sha256)
        return Answer(
            body={
                "access_token": self._sessions.open(),
                "signature": base64.b64encode(signature).decode(),
                "scope": "api",
                "instance_url": instance_url,
                "id": identity,
                "token_type": "Bearer",
                "issued_at": issued,
            },
            headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
        )

    def _check_grant(self, form: dict[str, str], instance_url: str) -> None:
        grant = form.get("grant_type", "")
        if grant == JWT_BEARER:
            self._check_assertion(form.get("assertion", ""), instance_url)
        elif grant in ("client_credentials", "password"):
            if form.get("client_id") != self._app.client_id:
                raise Refused("invalid_client_id", "client identifier invalid")
            if form.get("client_secret") != self._app.client_secret:
                raise Refused("invalid_client", "invalid client credentials")
            if grant == "password" and not self.is_user(form.get("username", ""), form.get("password", "")):
                raise Refused("invalid_grant", "authentication failure")
        else:
            raise Refused("unsupported_grant_type", "grant type not supported")

    def is_user(self, name: str, password: str) -> bool:
        """Whether those are the user's name and password, with any security token."""
        return name == self._app.client_id and password.startswith(self._app.client_secret)

    def _check_assertion(self, assertion: str, instance_url: str) -> None:
        try:
            claims = jwt.decode(assertion, self._key(), algorithms=["RS256"]).claims
            expires = float(claims.get("exp", 0))
        except (JoseError, ValueError):
            raise Refused("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self._app.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        audience = claims.get("aud")
        if not {*AUDIENCES, instance_url} & set(audience if isinstance(audience, list) else [audience]):
            raise Refused("invalid_grant", "audience is invalid")
        if expires + CLOCK_SKEW_SECONDS < self._org.clock().timestamp():
            raise Refused("invalid_grant", "expired authorization code")
        if claims.get("sub", claims.get("prn")) is None:
            raise Refused("invalid_grant", "user hasn't approved this consumer")

    def _key(self) -> KeyFlexible:
        if self._app.public_key is None:
            raise Refused("invalid_grant", "invalid assertion")
        return RSAKey.import_key(self._app.public_key)

    def identity_url(self, instance_url: str) -> str:
        """Where the user of every session is described."""
        return f"{instance_url}/id/{self._org.id}/{self._org.user_id}"

    def identity(self, authorization: str, instance_url: str) -> Answer:
        """The user of every session, as the identity URL and userinfo answer."""
        try:
            self._sessions.check(authorization)
        except ApiError:
            return Answer(403, b"Bad_OAuth_Token", {"content-type": "text/html;charset=UTF-8"})
        user = self._org.get("User", self._org.user_id) or {}
        rest = f"{instance_url}/services/data/v{{version}}/"
        return Answer(
            body={
                "id": self.identity_url(instance_url),
                "sub": self.identity_url(instance_url),
                "user_id": self._org.user_id,
                "organization_id": self._org.id,
                "username": user.get("Username"),
                "preferred_username": user.get("Username"),
                "display_name": user.get("Name"),
                "name": user.get("Name"),
                "email": user.get("Email"),
                "user_type": "STANDARD",
                "active": user.get("IsActive", False),
                "urls": {
                    "rest": rest,
                    "sobjects": f"{rest}sobjects/",
                    "query": f"{rest}query/",
                    "partner": f"{instance_url}/services/Soap/u/{{version}}/{self._org.id[:15]}",
                },
            }
        )

    def revoke(self, form: dict[str, str]) -> Answer:
        """End the session of a token."""
        if self._sessions.close(form.get("token", "")):
            return Answer(200)
        return Answer(400, {"error": "invalid_token", "error_description": "invalid token"})

    def introspect(self, form: dict[str, str], authorization: str) -> Answer:
        """Whether a token is alive, told to the app itself."""
        caller = form | _basic(authorization)
        if (caller.get("client_id"), caller.get("client_secret")) != (self._app.client_id, self._app.client_secret):
            return Answer(401, {"error": "invalid_client", "error_description": "invalid client credentials"})
        expiry = self._sessions.expiry(form.get("token", ""))
        body: dict[str, Any] = {"active": expiry is not None}
        if expiry:
            body |= {
                "scope": "api",
                "client_id": self._app.client_id,
                "token_type": "access_token",
                "exp": int(expiry.timestamp()),
            }
        return Answer(body=body)


def _basic(authorization: str) -> dict[str, str]:
    """The client's name and secret in a Basic authorization header."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}
