"""Reads the path of a request from outside, of which there must be one reading."""

import re
from urllib.parse import quote, unquote

from tollway.problems import Malformed

_PLAIN_PATH = re.compile(rb"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.~-]*)+")
"""A path that every router reads alike without decoding: unreserved characters, no dot segment."""


def read_path(raw_path: bytes) -> str:
    """A path with each segment encoded the one way that every router reads alike.

    Raises Malformed for a path that can be read in two ways.
    """
    if _PLAIN_PATH.fullmatch(raw_path):
        return raw_path.decode("ascii")
    try:
        segments = [unquote(part, errors="strict") for part in raw_path.decode("ascii").lstrip("/").split("/")]
    except UnicodeDecodeError:
        raise Malformed("The path is not percent-encoded UTF-8.") from None
    if any(segment in (".", "..") or not segment.isprintable() or "/" in segment or "\\" in segment
           for segment in segments):  # fmt: skip
        raise Malformed("A part of the path is a dot segment or holds a slash or a control character.")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def segments_of(path: str) -> list[str]:
    """The segments of a percent-encoded path, decoded."""
    segments = path[1:].split("/")
    return [unquote(segment) for segment in segments] if "%" in path else segments
