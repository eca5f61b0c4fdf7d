"""What a contract allows an operation to answer: statuses, headers, content types and bodies."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tollway.contracts.schema import Components, Parameter, Schema
from tollway.problem_document import Violation

_UNKNOWN = Schema({}, Components({}))
"""Stands for a content type that the contract does not name."""
_NOT_UTF_8 = Violation(pointer="/header/content-type", message="JSON is always UTF-8")


class Answers:
    """Every answer that an operation may give."""

    def __init__(self, responses: Mapping[str, Any], components: Components) -> None:
        self._declared = {
            str(status): Answer(components.resolved(response), components) for status, response in responses.items()
        }
        self._by_status: dict[int, Answer | None] = {}

    def __bool__(self) -> bool:
        """Whether the contract says anything of answers."""
        return bool(self._declared)

    def of(self, status: int) -> "Answer | None":
        """What is allowed with a status, the closest declaration first; None when nothing is."""
        try:
            return self._by_status[status]
        except KeyError:
            by_class = self._declared.get(f"{status // 100}XX", self._declared.get("default"))
            self._by_status[status] = found = self._declared.get(str(status), by_class)
            return found


class Answer:
    """What an operation may answer with one status."""

    def __init__(self, data: Mapping[str, Any], components: Components) -> None:
        self._headers = [
            Parameter({**components.resolved(header), "name": name, "in": "header"}, components)
            for name, header in data.get("headers", {}).items()
        ]
        self._bodies: dict[str, Schema | None] = {
            kind.lower(): components.schema(media.get("schema", {})) if _is_json(kind) else None
            for kind, media in data.get("content", {}).items()
        }
        self._exactly = {kind.encode(): schema for kind, schema in self._bodies.items() if schema}
        self._names = frozenset(header.header for header in self._headers)
        self._needs_headers = any(header.required for header in self._headers)

    def accepts(self, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Whether a whole JSON answer keeps to the contract; quick, and never true wrongly."""
        if self._needs_headers:
            return False
        schema = None
        for name, value in headers:
            if name == b"content-type":
                schema = self._exactly.get(value)
            elif name in self._names:
                return False
        if schema is None:
            return False
        try:
            return schema.is_valid(msgspec.json.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False

    def violations(self, headers: Sequence[tuple[bytes, bytes]], body: bytes | None) -> list[Violation]:
        """Every way in which an answer breaks the contract; the body is None where it is not looked at."""
        given = {name.lower(): value.decode("latin-1") for name, value in headers}
        found = []
        for header in self._headers:
            text = given.get(header.header)
            found += header.violations([] if text is None else [text])
        return found + self._of_body(given.get(b"content-type"), body)

    def _of_body(self, kind: str | None, body: bytes | None) -> list[Violation]:
        if not self._bodies:
            return [Violation(pointer="", message="there is a body where the contract has none")] if body else []
        if body == b"" and kind is None:
            return [Violation(pointer="", message="the body is missing")]
        media_type, _, options = (kind or "").partition(";")
        schema = self._bodies.get(media_type.strip().lower(), _UNKNOWN)
        if schema is _UNKNOWN:
            message = "the content type is none of those that the contract allows"
            return [Violation(pointer="/header/content-type", message=message)]
        if schema is None or body is None:
            return []
        charset = options.replace(" ", "").replace('"', "").lower()
        wrong = [] if charset in ("", "charset=utf-8") else [_NOT_UTF_8]
        return wrong + _of_json(schema, body)


def _of_json(schema: Schema, body: bytes) -> list[Violation]:
    try:
        return schema.violations(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [Violation(pointer="", message="the body is not JSON")]


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
