"""Which setting is meant by what msgspec says is wrong with the configuration."""

import copy
import re
from typing import Any

import msgspec


def sentence(said: str, tables: Any, kind: type[Any], where: str) -> str:
    """What msgspec said of the tables, as a sentence that names the setting below the table `where`."""
    message, _, path = _named(said, tables, kind).partition(" - at `$")
    inner = path.rstrip("`").lstrip(".")
    setting = ".".join(part for part in (where, inner) if part)
    if missing := re.fullmatch(r"Object missing required field `(.+)`", message):
        return f"The setting {'.'.join(part for part in (setting, missing[1]) if part)} is missing."
    if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", message):
        return f"The setting {'.'.join(part for part in (setting, unknown[1]) if part)} is not one Tollway knows."
    return f"The setting {setting or 'file'} is wrong: {message[0].lower()}{message[1:]}."


def _named(said: str, tables: Any, kind: type[Any]) -> str:
    """What msgspec said, with a table's name in the place of each `[...]` that it writes instead."""
    message, at, path = said.partition(" - at `$")
    *outer, last = path.split("[...]")
    whole = table = copy.deepcopy(tables)
    named = ""
    for part in outer:
        for key in filter(None, part.split(".")):
            table = table[key]
        for name, value in dict(table).items():
            table.clear()
            table[name] = value
            if _said(whole, kind) == said:
                break
        named, table = f"{named}{part}.{name}", table[name]
    return f"{message}{at}{named}{last}"


def _said(tables: Any, kind: type[Any]) -> str:
    try:
        msgspec.convert(tables, kind, strict=False)
    except msgspec.ValidationError as error:
        return str(error)
    return ""
