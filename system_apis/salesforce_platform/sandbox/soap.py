"""The SOAP calls that client libraries log in and out with.

Source: 'SOAP API Developer Guide: login(), logout(), LoginResult, API Fault Element'.
"""

import re
from html import escape, unescape

from system_apis.salesforce_platform.sandbox.oauth import OAuth
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.rest import Answer
from system_apis.salesforce_platform.sandbox.sessions import Sessions

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
HEADERS = {"content-type": "text/xml; charset=utf-8"}


class Soap:
    """Answers login() and logout()."""

    def __init__(self, org: Org, sessions: Sessions, oauth: OAuth) -> None:
        self._org = org
        self._sessions = sessions
        self._oauth = oauth

    def call(self, version: str, body: str, instance_url: str) -> Answer:
        """Answer one envelope."""
        if _element(body, "login") is not None:
            name, password = _element(body, "username") or "", _element(body, "password") or ""
            if not self._oauth.is_user(name, password):
                message = "Invalid username, password, security token; or user locked out."
                return _fault("INVALID_LOGIN", message, "LoginFault")
            return self._logged_in(version, instance_url)
        session = _element(body, "sessionId") or ""
        if _element(body, "logout") is not None and self._sessions.close(session):
            return _envelope("<logoutResponse/>")
        return _fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader", "UnexpectedErrorFault")

    def _logged_in(self, version: str, instance_url: str) -> Answer:
        user = self._org.get("User", self._org.user_id) or {}
        short = self._org.id[:15]
        result = {
            "metadataServerUrl": f"{instance_url}/services/Soap/m/{version}/{short}",
            "passwordExpired": "false",
            "sandbox": "true",
            "serverUrl": f"{instance_url}/services/Soap/u/{version}/{short}",
            "sessionId": self._sessions.open(),
            "userId": self._org.user_id,
        }
        information = {
            "organizationId": self._org.id,
            "organizationMultiCurrency": "true",
            "sessionSecondsValid": str(self._sessions.seconds),
            "userEmail": str(user.get("Email")),
            "userFullName": str(user.get("Name")),
            "userId": self._org.user_id,
            "userName": str(user.get("Username")),
            "userType": "Standard",
        }
        inside = _elements(result) + f"<userInfo>{_elements(information)}</userInfo>"
        return _envelope(f"<loginResponse><result>{inside}</result></loginResponse>")


def _elements(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def _envelope(body: str, status: int = 200) -> Answer:
    return Answer(status, ENVELOPE.format(body).encode(), HEADERS)


def _fault(code: str, message: str, kind: str) -> Answer:
    detail = f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
    return _envelope(
        f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring>"
        f'<detail><sf:{kind} xsi:type="sf:{kind}">{detail}</sf:{kind}></detail></soapenv:Fault>',
        500,
    )


def _element(body: str, name: str) -> str | None:
    """The text of the first element of that local name; envelopes of clients differ only in their prefixes."""
    match = re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?(?:/>|>(.*?)</(?:\w+:)?{name}>)", body, re.DOTALL)
    return unescape(match[1] or "") if match else None
