"""DPoP proofs: the RFC's own example, and every way in which a proof can be wrong."""

import base64
import hashlib
import itertools

import msgspec
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tollway.oauth.dpop import Proofs
from tollway.oauth.refused import Refused
from tollway.oauth.replays import RememberedReplays

# RFC 9449, figures 12 and 13; the key's thumbprint is that of figure 9.
RFC_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_URL = "https://resource.example.org/protectedresource"
RFC_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RFC_TIME = 1_562_262_618
RFC_PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq"
    "dGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNv"
    "dXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqz"
    "hrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
KEY = ECKey.generate_key("P-256")
URL = "https://api.example.com/orders/v1/orders/1"
TOKEN = "opaque-token"
NOW = 1_800_000_000
numbers = itertools.count()


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def check(clock):
    """Checks a proof of a request to URL with TOKEN, bound to KEY."""
    proofs = Proofs(b"shared", RememberedReplays(clock), clock)

    async def checked(shown: str | None, *, by=KEY, nonce_required=False, **changes) -> str:
        request = {"method": "GET", "url": URL, "token": TOKEN, "thumbprint": by.thumbprint()} | changes
        return await proofs.check(shown.encode() if shown else None, **request, nonce_required=nonce_required)

    checked.proofs = proofs
    return checked


def ath(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def proof(key=KEY, alg="ES256", header=None, **changes) -> str:
    head = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)} | (header or {})
    usual = {"jti": str(next(numbers)), "htm": "GET", "htu": URL, "iat": NOW, "ath": ath(TOKEN)} | changes
    claims = {name: value for name, value in usual.items() if value is not None}
    return jwt.encode(head, claims, key, algorithms=[alg], default_type=None)


async def test_the_rfcs_example_is_good(clock) -> None:
    """The proof of RFC 9449, figure 12, proves the RFC's request at the RFC's time, once, and no other request."""
    clock.now = float(RFC_TIME)
    request = {"method": "GET", "url": RFC_URL, "token": RFC_TOKEN, "thumbprint": RFC_THUMBPRINT}
    proofs = Proofs(b"shared", RememberedReplays(clock), clock)
    for change in ({"method": "POST"}, {"url": RFC_URL + "/other"}, {"token": "other"}, {"thumbprint": "other"}):
        with pytest.raises(Refused):
            await proofs.check(RFC_PROOF.encode(), **request | change, nonce_required=False)
    assert await proofs.check(RFC_PROOF.encode(), **request, nonce_required=False) == ""
    with pytest.raises(Refused, match="was used before"):
        await proofs.check(RFC_PROOF.encode(), **request, nonce_required=False)


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (KEY, "ES256"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (RSAKey.generate_key(2048), "RS256"),
        (RSAKey.generate_key(2048), "PS256"),
    ],
)
async def test_keys_of_every_kind_prove(check, key, alg) -> None:
    """Proofs by keys of each kind that is taken are good."""
    assert await check(proof(key, alg), by=key) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"htm": "POST"}, "another request"),
        ({"htu": URL + "0"}, "another request"),
        ({"htu": "http://api.example.com/orders/v1/orders/1"}, "another request"),
        ({"htu": "https://api.example.com:444/orders/v1/orders/1"}, "another request"),
        ({"htu": "https://[bad"}, "another request"),
        ({"ath": ath("another")}, "another access token"),
        ({"ath": None}, "lacks a claim"),
        ({"iat": NOW - 61}, "too old"),
        ({"iat": NOW + 11}, "clock that is wrong"),
        ({"iat": "now"}, "lacks a claim"),
        ({"jti": ""}, "no usable jti"),
        ({"jti": "x" * 257}, "no usable jti"),
        ({"jti": None}, "lacks a claim"),
        ({"header": {"typ": "JWT"}}, "not one of a proof"),
        ({"header": {"jwk": KEY.as_dict(private=True)}}, "gives its private key away"),
        ({"header": {"jwk": {"kty": "oct", "x": "AA"}}}, "another key"),
        ({"key": ECKey.generate_key("P-256")}, "another key"),
        ({"key": ECKey.generate_key("P-256"), "header": {"jwk": KEY.as_dict(private=False)}}, "not signed by the key"),
    ],
)
async def test_what_proves_nothing_is_refused(check, changes, words) -> None:
    """A proof with anything wrong is refused as RFC 9449 asks, and says what is wrong."""
    with pytest.raises(Refused, match=words) as caught:
        await check(proof(**changes))
    assert caught.value.error == "invalid_dpop_proof"


async def test_a_shared_secret_proves_nothing(check) -> None:
    """A proof is signed with a public key's algorithm: not with the public key as a secret, nor not at all."""
    jwk = KEY.as_dict(private=False)
    claims = msgspec.json.encode({"jti": "1", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath(TOKEN)})
    secret = OctKey.import_key(msgspec.json.encode(jwk))
    signed = jws.serialize_compact(
        {"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk}, claims, secret, algorithms=["HS256"]
    )
    with pytest.raises(Refused):
        await check(signed)
    for alg in ("none", "None"):
        head = msgspec.json.encode({"typ": "dpop+jwt", "alg": alg, "jwk": jwk})
        unsigned = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, claims, b""))
        with pytest.raises(Refused):
            await check(unsigned.decode())


@pytest.mark.parametrize("shown", [None, "x", "a.b.c", f"{proof()}, {proof()}", "x" * 5000])
async def test_anything_but_one_proof_is_refused(check, shown) -> None:
    """No proof, garbage, two proofs and a huge one are refused alike."""
    with pytest.raises(Refused) as caught:
        await check(shown)
    assert caught.value.error == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "htu",
    [
        URL + "?page=1",
        URL + "#top",
        "HTTPS://API.example.com:443/orders/v1/orders/1",
        URL.replace("orders", "%6frders"),
    ],
)
async def test_addresses_are_compared_as_uris(check, htu) -> None:
    """Query and fragment, case of the host, the default port and needless percent-encoding make no difference."""
    assert await check(proof(htu=htu)) == ""


async def test_a_nonce_is_asked_for_and_renewed(check, clock) -> None:
    """Where a nonce is required a proof without ours is asked to come again; an older one of ours brings the newer."""
    for nonce in (None, "invented"):
        with pytest.raises(Refused) as caught:
            await check(proof(nonce=nonce), nonce_required=True)
        assert caught.value.error == "use_dpop_nonce"
    nonce = check.proofs.nonce
    assert await check(proof(nonce=nonce), nonce_required=True) == ""
    clock.now += 120
    fresh = await check(proof(nonce=nonce, iat=NOW + 120), nonce_required=True)
    assert fresh == check.proofs.nonce != nonce
    clock.now += 120
    with pytest.raises(Refused):
        await check(proof(nonce=nonce, iat=NOW + 240), nonce_required=True)


def test_gateways_that_share_a_secret_share_nonces(clock) -> None:
    """Two gateways with one secret give out the same nonces, one with another secret does not."""
    nonces = [Proofs(secret, RememberedReplays(clock), clock).nonce for secret in (b"a", b"a", b"b")]
    assert nonces[0] == nonces[1] != nonces[2]
