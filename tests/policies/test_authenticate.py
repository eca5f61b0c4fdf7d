"""The authentication policy, against good tokens and every bad one."""

import asyncio
import base64
import hmac

import msgspec
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from policies.authenticate import Authenticate
from policies.base import PolicyResources
from tollway.oauth.resource_server import resource_server
from tollway.problems import NotFound, Unauthenticated, Unavailable
from tollway.settings import GatewaySettings

ISSUER = "https://login.example.com/tenant"
METADATA = "https://login.example.com/.well-known/oauth-authorization-server/tenant"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
JWKS = "https://login.example.com/keys"
KEYS = {
    "rsa": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
    "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}


class IssuerElsewhere:
    """An issuer with metadata and keys, which counts what it is asked."""

    def __init__(self) -> None:
        self.keys = dict(KEYS)
        self.parameters: dict[str, dict[str, str]] = {}
        self.metadata_at = METADATA
        self.claimed = ISSUER
        self.down = False
        self.seconds = 0.0
        self.asked: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        await asyncio.sleep(self.seconds)
        if self.down:
            raise Unavailable("down")
        if url == self.metadata_at:
            return msgspec.json.encode({"issuer": self.claimed, "jwks_uri": JWKS})
        if url == JWKS:
            keys = [key.as_dict(private=False, **self.parameters.get(kid, {})) for kid, key in self.keys.items()]
            return msgspec.json.encode({"keys": [*keys, {"kty": "post-quantum", "kid": "x"}, {"kty": "RSA"}]})
        raise NotFound(url)

    def fetches(self) -> int:
        return self.asked.count(JWKS)


@pytest.fixture
def issuer() -> IssuerElsewhere:
    return IssuerElsewhere()


@pytest.fixture
def trusted(issuer, resources, clock) -> PolicyResources:
    oauth = resource_server(GatewaySettings(), secret="k" * 40, local={ISSUER: issuer.fetch}, clock=clock)
    return msgspec.structs.replace(resources, gateway=msgspec.structs.replace(resources.gateway, oauth=oauth))


@pytest.fixture
def call(trusted, following, make_request):
    """Sends a token through the policy and gives the caller it establishes."""
    handler = Authenticate(leeway=10, remember=60, remembered=100, bad_tokens_per_second=1e6).wrap(following, trusted)

    async def send(token: str):
        request = make_request(headers={"authorization": f"Bearer {token}"})
        await handler(request)
        return request.caller

    return send


@pytest.fixture
def claims(clock):
    def make(**changes):
        now = int(clock.now)
        usual = {"iss": ISSUER, "aud": "tollway", "sub": "user-1", "client_id": "shop", "iat": now, "exp": now + 600,
                 "jti": "1", "scope": "a:read b:write"}  # fmt: skip
        return {name: value for name, value in (usual | changes).items() if value is not None}

    return make


def sign(claims, kid="ec", alg="ES256", key=None, **header) -> str:
    header = {"alg": alg, "kid": kid, "typ": "at+jwt"} | header
    header = {name: value for name, value in header.items() if value is not None}
    return jwt.encode(header, claims, key or KEYS[kid], algorithms=[alg], default_type=None)


def sign_raw(header, claims) -> str:
    """A token with any header at all, truly signed."""
    raw = f"{part({name: value for name, value in header.items() if value is not None})}.{part(claims)}"
    return f"{raw}.{part(jws.JWSRegistry.algorithms['ES256'].sign(raw.encode(), KEYS['ec']))}"


def part(value) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    content = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def refused(call, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await call(token)
    challenge = caught.value.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="tollway", error="invalid_token", error_description="')
    assert challenge.isascii()
    assert challenge.count('"') == 8
    return caught.value.detail


@pytest.mark.parametrize(
    ("kid", "alg"), [("rsa", "RS256"), ("rsa", "PS256"), ("ec", "ES256"), ("ed", "EdDSA"), ("ed", "Ed25519")]
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_good_tokens_establish_the_caller(call, claims, kid, alg) -> None:
    """A token signed by any of the issuer's keys, with an algorithm of that key, says who calls and what is granted."""
    caller = await call(sign(claims(), kid, alg))
    assert (caller.client, caller.subject, caller.scopes) == ("shop", "user-1", {"a:read", "b:write"})


@pytest.mark.parametrize("header", [{}, {"authorization": "Basic dTpw"}, {"authorization": "Bearer"}])
async def test_no_token_is_challenged_without_an_error(trusted, following, make_request, header) -> None:
    """Who sends no token learns which scheme to use and, as RFC 6750 asks, no error code."""
    with pytest.raises(Unauthenticated) as caught:
        await Authenticate().wrap(following, trusted)(make_request(headers=header))
    metadata = 'resource_metadata="http://127.0.0.1:8080/.well-known/oauth-protected-resource/orders/v1"'
    algorithms = 'algs="RS256 PS256 ES256 EdDSA Ed25519"'
    assert caught.value.headers["www-authenticate"] == (
        f'Bearer realm="tollway", {metadata}, DPoP realm="tollway", {algorithms}, {metadata}'
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_800_000_000 - 11},
        {"exp": None},
        {"exp": "never"},
        {"nbf": 1_800_000_000 + 11},
        {"iat": 1_800_000_000 + 11},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": None},
        {"aud": {"tollway": 1}},
        {"iss": "https://login.example.com/other"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"sub": None},
        {"sub": 5},
        {"client_id": None},
        {"client_id": ["shop"]},
        {"jti": None},
        {"iat": None},
    ],
)
async def test_wrong_claims_are_refused(call, claims, changes) -> None:
    """A well-signed token with a claim that is wrong, missing or of another type is refused."""
    await refused(call, sign(claims(**changes)))


@pytest.mark.parametrize("changes", [{"exp": 1_800_000_000 - 9}, {"nbf": 1_800_000_000 + 9}, {"aud": ["x", "tollway"]}])
async def test_small_differences_of_clocks_are_forgiven(call, claims, changes) -> None:
    """Within the leeway a token is good, and its audience may be one of several."""
    assert (await call(sign(claims(**changes)))).client == "shop"


@pytest.mark.parametrize("kind", ["JWT", None, "id+jwt", 5])
async def test_only_access_tokens_are_taken(call, claims, kind) -> None:
    """An ID token of the same issuer for the same audience is no access token."""
    await refused(call, sign_raw({"alg": "ES256", "kid": "ec", "typ": kind}, claims()))


async def test_an_unsigned_token_is_refused(call, claims) -> None:
    """`alg: none` is never taken, whatever its case and signature."""
    for alg in ("none", "None", "NONE"):
        unsigned = f"{part({'alg': alg, 'typ': 'at+jwt', 'kid': 'rsa'})}.{part(claims())}."
        await refused(call, unsigned)
        await refused(call, unsigned + "AAAA")


@pytest.mark.parametrize("encoding", ["pem", "der", "jwk"])
async def test_a_public_key_is_no_shared_secret(call, claims, encoding) -> None:
    """HS256 signed with the published public key, in whatever encoding, is refused."""
    public = KEYS["rsa"]
    secret = {
        "pem": public.as_pem(private=False),
        "der": public.as_der(private=False),
        "jwk": msgspec.json.encode(public.as_dict(private=False)),
    }[encoding]
    raw = f"{part({'alg': 'HS256', 'kid': 'rsa', 'typ': 'at+jwt'})}.{part(claims())}"
    signature = hmac.digest(secret, raw.encode(), "sha256")
    await refused(call, f"{raw}.{part(signature)}")


async def test_an_algorithm_that_the_key_does_not_declare_is_refused(call, claims, issuer) -> None:
    """A key that says PS256 verifies no RS256, and one for encryption verifies nothing."""
    issuer.parameters = {"rsa": {"alg": "PS256"}, "ec": {"use": "enc"}}
    assert (await call(sign(claims(), "rsa", "PS256"))).client == "shop"
    assert "its key does not declare" in await refused(call, sign(claims(), "rsa", "RS256"))
    await refused(call, sign(claims(), "ec", "ES256"))


async def test_another_key_under_a_known_id_is_refused(call, claims) -> None:
    """A token that names one of the issuer's keys but is signed by another is refused."""
    stranger = ECKey.generate_key("P-256", {"kid": "ec"})
    assert "signature" in await refused(call, sign(claims(), key=stranger))


async def test_a_changed_token_is_refused(call, claims) -> None:
    """One changed claim breaks the signature, also when the true token was seen before."""
    token = sign(claims())
    await call(token)
    head, _, signature = token.split(".")
    await refused(call, f"{head}.{part(claims(client_id='admin'))}.{signature}")


@pytest.mark.parametrize("token", ["x", "a.b.c", "....", "é.é.é", "e30.e30.", "x" * 65_536, "bnVsbA.bnVsbA.AAAA"])
async def test_garbage_is_refused(call, token) -> None:
    """What is no token at all, or a huge one, is refused like any other."""
    await refused(call, token)


async def test_keys_embedded_in_a_token_are_ignored(call, claims) -> None:
    """A token cannot bring its own key by jwk or jku."""
    stranger = ECKey.generate_key("P-256", {"kid": "mine"})
    embedded = {"jwk": stranger.as_dict(private=False), "jku": "https://evil.example.com/keys"}
    await refused(call, sign(claims(), kid="mine", key=stranger, **embedded))


async def test_critical_extensions_are_refused(call, claims) -> None:
    """A header that must be understood but is not makes the token unusable."""
    header = {"alg": "ES256", "kid": "ec", "typ": "at+jwt", "crit": ["exp"], "exp": 1}
    await refused(call, sign_raw(header, claims()))


async def test_a_verified_token_is_not_verified_again(call, claims, issuer, clock) -> None:
    """Within its time a token seen before asks the issuer nothing, even while the issuer is away."""
    token = sign(claims())
    await call(token)
    issuer.down = True
    clock.now += 59
    await call(token)
    assert issuer.fetches() == 1


async def test_a_remembered_token_still_expires(call, claims, clock) -> None:
    """Remembering a token does not lengthen its life."""
    token = sign(claims(exp=int(clock.now) + 5))
    await call(token)
    clock.now += 16
    await refused(call, token)


async def test_memory_of_tokens_is_bounded(trusted, following, make_request, claims) -> None:
    """However many tokens come, only the latest are kept, and a forgotten one is simply verified again."""
    policy = Authenticate(remembered=3)
    handler = policy.wrap(following, trusted)
    tokens = [sign(claims(jti=str(number))) for number in range(10)]
    for token in [*tokens, tokens[0]]:
        request = make_request(headers={"authorization": f"Bearer {token}"})
        await handler(request)
        assert request.caller.client == "shop"
    (kept,) = trusted.gateway.kept.values()
    assert [header.decode() for header in kept.known] == [f"Bearer {token}" for token in [*tokens[8:], tokens[0]]]


async def test_a_thousand_unknown_keys_are_one_question(call, claims, issuer, clock) -> None:
    """Tokens with invented key ids make at most one fetch per cool-down."""
    await call(sign(claims()))
    clock.now += 11
    storm = [sign(claims(), kid=f"invented-{number}", key=KEYS["ec"]) for number in range(1000)]
    for token in storm:
        await refused(call, token)
    assert issuer.fetches() == 2
    clock.now += 11
    await asyncio.gather(*(refused(call, token) for token in storm))
    assert issuer.fetches() == 3


async def test_a_thousand_requests_at_the_start_are_one_question(call, claims, issuer) -> None:
    """Requests that arrive together before any key is known share one fetch and all succeed."""
    tokens = [sign(claims(jti=str(number))) for number in range(50)]
    callers = await asyncio.gather(*(call(token) for token in tokens * 20))
    assert len(callers) == 1000
    assert issuer.asked == [METADATA, JWKS]


async def test_a_slow_issuer_is_not_asked_twice_at_once(call, claims, issuer, clock) -> None:
    """While one fetch is on its way, however long it takes, whoever needs keys waits for it."""
    issuer.seconds = 0.05
    first = asyncio.create_task(call(sign(claims())))
    await asyncio.sleep(0.01)
    clock.now += 60
    second = asyncio.create_task(call(sign(claims(jti="2"))))
    assert [(await first).client, (await second).client] == ["shop", "shop"]
    assert issuer.asked == [METADATA, JWKS]


async def test_a_rotated_key_is_found(call, claims, issuer, clock) -> None:
    """A new key is fetched when its id first shows, and the old one's tokens stop at once."""
    old, fresh = sign(claims()), ECKey.generate_key("P-256", {"kid": "ec-2"})
    await call(old)
    issuer.keys = {"ec-2": fresh}
    clock.now += 31
    assert (await call(sign(claims(), kid="ec-2", key=fresh))).client == "shop"
    await refused(call, old)


async def test_known_keys_outlast_the_issuers_absence(call, claims, issuer, clock) -> None:
    """While the issuer is down its last keys go on, for a day."""
    await call(sign(claims()))
    issuer.down = True
    clock.now += 3600
    assert (await call(sign(claims()))).client == "shop"
    await asyncio.sleep(0.01)
    assert issuer.asked[-1] == JWKS
    clock.now += 86_400
    with pytest.raises(Unavailable):
        await call(sign(claims()))


async def test_without_any_keys_nobody_is_let_in(call, claims, issuer, clock) -> None:
    """Before the issuer was ever reached every token is a 503, and the issuer is asked again after a second."""
    issuer.down = True
    with pytest.raises(Unavailable):
        await call(sign(claims()))
    issuer.down = False
    clock.now += 1
    assert (await call(sign(claims()))).client == "shop"


async def test_openid_discovery_is_the_second_way(call, claims, issuer) -> None:
    """An issuer that publishes OpenID metadata only is found as well."""
    issuer.metadata_at = DISCOVERY
    assert (await call(sign(claims()))).client == "shop"
    assert issuer.asked == [METADATA, DISCOVERY, JWKS]


async def test_metadata_of_another_issuer_is_not_believed(call, claims, issuer) -> None:
    """Metadata must name the issuer it was asked for."""
    issuer.claimed = "https://evil.example.com"
    with pytest.raises(Unavailable):
        await call(sign(claims()))
    assert issuer.fetches() == 0


async def test_a_token_without_key_id_needs_a_single_key(call, claims, issuer, clock) -> None:
    """A token that names no key is taken when there is no choice, and refused when there is."""
    nameless = sign(claims(), kid=None, key=KEYS["ec"])
    await refused(call, nameless)
    issuer.keys = {"ec": KEYS["ec"]}
    clock.now += 31
    assert (await call(nameless)).client == "shop"
