"""NetSuite's error envelope, and the errors whose wording is known.

Sources: SuiteTalk REST Web Services API Guide, "Error Handling in REST Web Services" (the envelope, INVALID_LOGIN,
INVALID_CONTENT with its path), "Sending an Asynchronous Request Using an Idempotency Key" (IDEMPOTENCY_ERROR), and
answers of live accounts recorded by the tests of github.com/julbrs/netsuite-api-client and others (`type` is an
RFC 9110 section today, NONEXISTENT_ID, "Record type 'x' does not exist", USER_ERROR, CONCURRENCY_LIMIT_EXCEEDED with
status 429 and title "Bad Request", UNEXPECTED_ERROR with an error id for 500).
"""

import secrets
from http import HTTPStatus
from typing import Any

import msgspec

ERROR_MEDIA_TYPE = "application/vnd.oracle.resource+json; type=error"
RESOURCE_PREFIX = "Error while accessing a resource. "
_RFC = "https://www.rfc-editor.org/rfc/rfc9110.html#section-"
_SECTIONS = {400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 500: "15.6.1", 503: "15.6.4"}


class NetSuiteError(Exception):
    """An error that is answered in NetSuite's envelope."""

    def __init__(
        self,
        detail: str,
        code: str = "USER_ERROR",
        status: int = 400,
        *,
        path: str = "",
        query_param: str = "",
        header: str = "",
        headers: dict[str, str] | None = None,
        title: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail, self.code, self.status = detail, code, status
        self.path, self.query_param, self.header = path, query_param, header
        self.headers = headers or {}
        self.title = title

    @property
    def body(self) -> bytes:
        """The envelope as JSON."""
        details: dict[str, Any] = {"detail": self.detail}
        for name, value in (("Path", self.path), ("QueryParam", self.query_param), ("Header", self.header)):
            if value:
                details[f"o:error{name}"] = value
        details["o:errorCode"] = self.code
        envelope = {
            "type": _RFC + _SECTIONS.get(self.status, "15"),
            "title": self.title or HTTPStatus(self.status).phrase,
            "status": self.status,
            "o:errorDetails": [details],
        }
        return msgspec.json.encode(envelope)


def user_error(message: str) -> NetSuiteError:
    """A refusal by the business rules of the record."""
    return NetSuiteError(RESOURCE_PREFIX + message)


def missing_values(labels: list[str]) -> NetSuiteError:
    """Mandatory fields are empty."""
    return user_error(f"Please enter value(s) for: {', '.join(labels)}")


def invalid_value(value: object, field: str, path: str) -> NetSuiteError:
    """A value the field does not take, such as a reference to nothing or to a record of another subsidiary."""
    message = f"You have entered an Invalid Field Value {value} for the following field: {field}"
    return NetSuiteError(RESOURCE_PREFIX + message, "INVALID_CONTENT", path=path)


def invalid_body(path: str = "") -> NetSuiteError:
    """The body is no JSON object, or has a property the record does not know."""
    return NetSuiteError("Invalid content in the request body", "INVALID_CONTENT", path=path)


def no_such_type(name: str) -> NetSuiteError:
    """The URL names a record type that does not exist."""
    return NetSuiteError(f"Record type '{name}' does not exist", "NONEXISTENT_ID", 404)


def no_such_record(key: str = "") -> NetSuiteError:
    """The URL names a record that does not exist; `key` is given for external ids."""
    subject = f"The record instance for external ID '{key}'" if key else "The record instance"
    return NetSuiteError(f"{subject} does not exist. Provide a valid record instance ID.", "NONEXISTENT_ID", 404)


def invalid_query(description: str) -> NetSuiteError:
    """A `q` that cannot be run, in SuiteQL or as a filter of a collection."""
    detail = f"Invalid search query. Detailed unprocessed description follows. {description}"
    return NetSuiteError(detail, "INVALID_PARAMETER", query_param="q")


def invalid_login(challenge: str) -> NetSuiteError:
    """Credentials that are missing or wrong; `challenge` is the WWW-Authenticate header."""
    detail = (
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
        "Setup > Users/Roles > User Management > View Login Audit Trail."
    )
    return NetSuiteError(detail, "INVALID_LOGIN", 401, headers={"www-authenticate": challenge})


def error_answer(status: int) -> tuple[int, dict[str, str], bytes]:
    """What a failing account answers: that it is too busy for 429, that something went wrong for any other status."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        detail = "Concurrent request limit exceeded. Request blocked."
        error = NetSuiteError(detail, "CONCURRENCY_LIMIT_EXCEEDED", status, title="Bad Request")
    else:
        detail = f"An unexpected error occurred. Error ID: {secrets.token_hex(10)}"
        error = NetSuiteError(detail, "UNEXPECTED_ERROR", status)
    return status, {"content-type": ERROR_MEDIA_TYPE}, error.body
