"""A service takes only tokens of this installation that are meant for it and still good."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tollway import identity as module
from tollway.identity import LIFETIME, Identity, Verified
from tollway.problems import StartupError, Unauthenticated

KEY = "k" * 32


def test_a_token_tells_who_calls_for_whom():
    """A verified token answers the calling service, the subject it calls for and what that one is granted."""
    scopes = frozenset({"sales:read", "sales:write"})
    token = Identity(KEY).sign("gateway", "sales", "client-7", scopes)
    assert Identity(KEY).verify(token, "sales") == Verified("gateway", "client-7", scopes)


def test_a_token_for_another_service_is_refused():
    """A service cannot pass on a token that was meant for itself, even one that was verified before."""
    identity = Identity(KEY)
    token = identity.sign("gateway", "sales")
    identity.verify(token, "sales")
    with pytest.raises(Unauthenticated, match="another service"):
        identity.verify(token, "erp")


def test_an_expired_token_is_refused(monkeypatch):
    """A token is good for its lifetime and no longer, even where it was verified while it was good."""
    identity, now = Identity(KEY), time.time()
    token = identity.sign("gateway", "sales")
    identity.verify(token, "sales")
    monkeypatch.setattr(module.time, "time", lambda: now + LIFETIME + 1)
    for service in (identity, Identity(KEY)):
        with pytest.raises(Unauthenticated, match="expired"):
            service.verify(token, "sales")


def test_a_token_is_reused_for_half_its_life_only(monkeypatch):
    """Calls shortly after one another share a token, later ones get a fresh one that lasts its whole life."""
    identity, now = Identity(KEY), time.time()
    first = identity.sign("gateway", "sales")
    assert identity.sign("gateway", "sales") == first
    assert identity.sign("gateway", "sales", "client-7") != first
    assert identity.sign("gateway", "sales", "", frozenset({"sales:read"})) != first
    monkeypatch.setattr(module.time, "time", lambda: now + LIFETIME / 2 + 1)
    second = identity.sign("gateway", "sales")
    monkeypatch.setattr(module.time, "time", lambda: now + LIFETIME + 1)
    assert identity.verify(second, "sales") == Verified("gateway", "", frozenset())


@pytest.mark.parametrize("token", [b"", b"rubbish", b"a.b.c", "ä.ö.ü".encode()])
def test_what_is_no_token_is_refused(token):
    """Anything that is not a token of ours is unauthenticated, not an error."""
    with pytest.raises(Unauthenticated, match="not signed by this installation"):
        Identity(KEY).verify(token, "sales")


def test_another_key_is_refused():
    """A token that another installation signed is worth nothing here."""
    with pytest.raises(Unauthenticated, match="not signed by this installation"):
        Identity(KEY).verify(Identity("x" * 32).sign("gateway", "sales"), "sales")


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_another_algorithm_is_refused(algorithm):
    """The algorithm is ours to choose: unsigned tokens, or the same key under another algorithm, are refused."""
    claims = {"iss": "gateway", "aud": "sales", "sub": "", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": algorithm}, claims, OctKey.import_key(KEY * 2), algorithms=[algorithm]).encode()
    with pytest.raises(Unauthenticated, match="not signed by this installation"):
        Identity(KEY * 2).verify(token, "sales")


@pytest.mark.parametrize("key", ["", "k" * 31])
def test_a_key_that_is_no_secret_keeps_from_starting(key):
    """A short key is refused at the start, in a sentence that names the setting."""
    with pytest.raises(StartupError, match=r"The setting identity\.key must be a secret of at least 32 characters"):
        Identity(key)


def test_the_caches_stay_small(monkeypatch):
    """However many subjects call, only so many tokens are remembered, and every one still verifies."""
    identity = Identity(KEY)
    tokens = [identity.sign("gateway", "sales", str(number)) for number in range(20_004)]
    assert sum(map(len, identity._signed.values())) <= 20_000
    assert len(identity._verified) == 20_000
    assert identity.verify(tokens[0], "sales") == Verified("gateway", "0", frozenset())
    assert len(identity._verified) == 20_000


def test_a_token_is_a_jwt_that_others_read():
    """What is signed is a JWT with the claims of RFC 7519, as any library of JOSE reads it."""
    now = int(time.time())
    token = jwt.decode(Identity(KEY).sign("gateway", "sales", "Jörg", frozenset({"b", "a"})), OctKey.import_key(KEY))
    assert token.header == {"alg": "HS256", "typ": "JWT"}
    made = token.claims.pop("iat")
    assert made - now in (0, 1)
    assert token.claims == {"iss": "gateway", "aud": "sales", "sub": "Jörg", "exp": made + LIFETIME, "scope": "a b"}


def test_nobody_is_a_subject_too():
    """A call on nobody's behalf says so in its token."""
    token = jwt.decode(Identity(KEY).sign("gateway", "sales"), OctKey.import_key(KEY))
    assert token.claims["sub"] == ""
    assert "scope" not in token.claims


@pytest.mark.parametrize("missing", ["iss", "sub"])
def test_a_token_that_does_not_say_who_calls_is_refused(missing):
    """A token signed with the right key but without issuer or subject identifies nobody."""
    claims = {"iss": "sales", "sub": "", "aud": "crm", "exp": int(time.time()) + 60}
    del claims[missing]
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(KEY)).encode()
    with pytest.raises(Unauthenticated):
        Identity(KEY).verify(token, "crm")
