"""How the platform refuses: an error code, a message and the fields at fault.

Sources: 'REST API Developer Guide: Status Codes and Error Responses' for the JSON array and the HTTP statuses,
'Object Reference / SOAP API Developer Guide: Core Data Types, StatusCode' for the codes.
"""

from typing import Any

STATUSES = {
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "METHOD_NOT_ALLOWED": 405,
}


class ApiError(Exception):
    """One refusal, answered as a JSON array or put into a record's result."""

    def __init__(self, code: str, message: str, fields: list[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        """None leaves `fields` out of the body, as refusals that never reach a record do."""

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUSES.get(self.code, 400)

    def body(self) -> list[dict[str, Any]]:
        """The body of the answer."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = self.fields
        return [body]

    def in_result(self) -> dict[str, Any]:
        """The error as a record's result carries it ('sObject Collections: Response Body')."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """No such resource, sObject or record."""
    return ApiError("NOT_FOUND", message)


def no_such_column(column: str, sobject: str) -> ApiError:
    """A record names a field that its sObject does not have."""
    return ApiError("INVALID_FIELD", f"No such column '{column}' on sobject of type {sobject}")


def external_id_unknown(name: str) -> ApiError:
    """The path names neither a record id nor an external id field."""
    return not_found(f"Provided external ID field does not exist or is not accessible: {name}")


def cannot_read(kind: str, value: object) -> ApiError:
    """A JSON value that the field's type cannot take; the parser names its token."""
    if isinstance(value, bool):
        token = f"VALUE_{str(value).upper()} value {str(value).lower()}"
    elif isinstance(value, int | float):
        token = f"VALUE_NUMBER_{'INT' if isinstance(value, int) else 'FLOAT'} value {value}"
    elif isinstance(value, str):
        token = f"VALUE_STRING value {value}"
    else:
        tokens: dict[type, str] = {dict: "START_OBJECT value {", list: "START_ARRAY value ["}
        token = tokens.get(type(value), "VALUE_NULL value null")
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token} or request may be missing a required field",
    )
