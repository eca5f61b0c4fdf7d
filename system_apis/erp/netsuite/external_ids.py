"""The external ids under which NetSuite keeps what is ours.

Source: SuiteTalk REST Web Services API Guide, "Using External IDs" (letters, digits, underscores and hyphens).
"""

import re


def external_id(*parts: str) -> str:
    """Parts joined by hyphens; characters that NetSuite does not take are spelled `_` and their hexadecimal code."""
    return "-".join(re.sub(r"[^A-Za-z0-9\-]", lambda found: f"_{ord(found.group()):02X}", part) for part in parts)


def last_part(external: str, *first: str) -> str:
    """The part that `external_id(*first, part)` was given last."""
    rest = external.removeprefix(external_id(*first, ""))
    return re.sub(r"_([0-9A-F]{2})", lambda found: chr(int(found.group(1), 16)), rest)


def customer_key(account_id: str, legal_entity: str) -> str:
    """The external id of the customer that an account is for one of our legal entities."""
    return external_id("ACC", account_id, legal_entity)
