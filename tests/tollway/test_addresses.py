"""Whose network address a request comes from."""

from ipaddress import ip_network

import pytest

from tollway.http.addresses import caller_behind, holder_of, is_within

TERMINATORS = (ip_network("10.0.0.0/28"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "given", "caller"),
    [
        ("10.0.0.1", b"192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", b"203.0.113.1, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", b"203.0.113.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", b"192.0.2.7:4711", "192.0.2.7"),
        ("10.0.0.1", b"[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", b"2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", b"192.0.2.7", "192.0.2.7"),
        ("fd00::1", b"192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", b"192.0.2.7, unknown", "10.0.0.1"),
        ("10.0.0.1", b"10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("192.0.2.66", b"192.0.2.7", "192.0.2.66"),
    ],
)
def test_a_terminator_of_ours_says_for_whom_it_calls(peer, given, caller) -> None:
    """The last address that is no terminator's counts, and only a terminator is believed at all."""
    headers = {} if given is None else {b"x-forwarded-for": given}
    assert caller_behind(peer, headers, TERMINATORS) == caller


@pytest.mark.parametrize(
    ("address", "holder"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("2001:db8:0:1::5", "2001:db8:0:1::/64"),
        ("somebody", "somebody"),
        ("", ""),
    ],
)
def test_an_address_stands_for_whoever_holds_it(address, holder) -> None:
    """Of IPv6 one has whole networks, so that another address makes nobody another caller."""
    assert holder_of(address) == holder


def test_an_address_is_within_whatever_way_it_is_written() -> None:
    """A listener for both versions writes those of version 4 as of version 6."""
    assert is_within("::ffff:10.0.0.5", TERMINATORS)
    assert not is_within("::ffff:10.0.0.16", TERMINATORS)
    assert not is_within("somebody", TERMINATORS)
