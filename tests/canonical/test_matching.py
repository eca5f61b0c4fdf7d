"""Two records of one firm are recognised however each was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollway.canonical.matching import registration_key, same_name, same_registration


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Robotics Ltd", "ACME ROBOTICS LIMITED"),
        ("Acme Robotics, Inc.", "Acme Robotics"),
        ("A.C.M.E. Corp.", "Acme Corporation"),
        ("Müller & Söhne GmbH", "Muller and Sohne"),
        ("Müller & Söhne GmbH & Co. KG", "MÜLLER AND SÖHNE"),
        ("O'Brien Partners LLP", "O\u2019Brien Partners"),
        ("Straße Bau AG", "STRASSE BAU"),
        ("Nordwind B.V.", "Nordwind bv"),
        ("Mc Donald Consulting", "McDonald Consulting"),
    ],
)
def test_the_same_firm_typed_differently_has_the_same_name(one: str, other: str) -> None:
    """Case, accents, punctuation, blanks and the legal form do not make another firm."""
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Robotics Ltd", "Acme Logistics Ltd"),
        ("Acme", "Acme Holdings"),
        ("Limited", "Inc"),
        ("", ""),
        ("...", "!!!"),
    ],
)
def test_other_words_make_another_name(one: str, other: str) -> None:
    """Names that differ in a word that means something, or say nothing at all, are not the same."""
    assert not same_name(one, other)


@given(st.text(min_size=1).filter(lambda text: any(character.isascii() and character.isalpha() for character in text)))
def test_a_name_with_letters_is_the_same_as_itself(name: str) -> None:
    """Every name that holds a letter is the same as itself, with a legal form behind it or without."""
    assert same_name(name, name)
    assert same_name(f"{name} Ltd", f"{name} GmbH")


def test_tax_registrations_are_compared_without_their_grouping() -> None:
    """Blanks, dots, dashes and case do not make another number, and nothing matches an empty one."""
    assert same_registration("GB 123.4567-89", "gb123456789")
    assert not same_registration("GB123456789", "GB123456780")
    assert not same_registration("", "")
    assert registration_key("de 811-907.980") == "DE811907980"
