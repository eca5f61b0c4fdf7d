"""Lines of text in Tryton's own fields that say what of ours a record is.

Tryton has no field for foreign identities, and of its own only a party's code may be chosen and is unique.
"""

import re

_LINE = re.compile(r"Tollway ([a-z ]+): (.+)")


def marker(what: str, identity: str) -> str:
    """The line that says which of our things this is."""
    return f"Tollway {what}: {identity}"


def marked(**identities: str) -> str:
    """A text of one line for each identity; underscores in names become blanks."""
    return "\n".join(marker(what.replace("_", " "), identity) for what, identity in identities.items())


def identities(text: str | None) -> dict[str, str]:
    """What the lines of a text say, by what they are about; lines that people wrote are left out."""
    lines = (_LINE.fullmatch(line.strip()) for line in (text or "").splitlines())
    return {line[1]: line[2] for line in lines if line}
