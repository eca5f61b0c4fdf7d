"""Whether two records speak of the same firm, however each was typed."""

import re
import unicodedata

_LEGAL_FORMS = {
    *("ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "kg", "limited", "llc"),
    *("llp", "ltd", "nv", "oy", "plc", "pty", "sa", "sarl", "sas", "se", "spa", "srl"),
}
"""Legal forms as they read without punctuation."""
_PUNCTUATION_INSIDE = re.compile(r"(?<=\w)['\u2019.](?=\w)|\.")
_WORD = re.compile(r"\w+")


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in nothing but case, accents, punctuation, blanks and the legal form at the end."""
    return bool(_key(one)) and _key(one) == _key(other)


def same_registration(one: str, other: str) -> bool:
    """Whether two tax registrations are the same number, however it is grouped; an empty one is never the same."""
    return bool(registration_key(one)) and registration_key(one) == registration_key(other)


def registration_key(registration: str) -> str:
    """A tax registration's letters and digits, in upper case."""
    return "".join(character for character in registration.upper() if character.isalnum())


def _key(name: str) -> str:
    """What is left of a name when all that may differ is taken off; a bare legal form keeps its name."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    words = _WORD.findall(_PUNCTUATION_INSIDE.sub("", plain))
    end = len(words)
    while end > 1 and (words[end - 1] in _LEGAL_FORMS or (end < len(words) and words[end - 1] == "and")):
        end -= 1
    return "".join(words[:end])
