"""What the authentication policy asks of those who send tokens: bindings, revocation, and not too many bad ones."""

import base64
import hashlib
import itertools

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from policies.authenticate import Authenticate
from tollway.oauth.introspection import Introspection
from tollway.oauth.metadata import IssuerMetadata
from tollway.oauth.resource_server import resource_server
from tollway.oauth.settings import IssuerSettings
from tollway.problems import NotFound, QuotaExceeded, StartupError, Unauthenticated, Unavailable
from tollway.settings import GatewaySettings

MAIN = "https://main.example.com"
ISSUERS = ("https://login.example.com", "https://partners.example.com")
KEY = ECKey.generate_key("P-256", {"kid": "1"})
SENDER = ECKey.generate_key("P-256")
DER = b"a certificate" * 50
THUMBPRINT = base64.urlsafe_b64encode(hashlib.sha256(DER).digest()).rstrip(b"=").decode()
CERTIFICATE = {"client-cert": f":{base64.b64encode(DER).decode()}:"}
URL = "https://api.example.com/orders/v1/orders/1"
numbers = itertools.count()


async def fetch(url: str) -> bytes:
    issuer, _, path = url.partition("/.well-known/")
    if path == "oauth-authorization-server":
        return msgspec.json.encode(
            {"issuer": issuer, "jwks_uri": f"{issuer}/keys", "introspection_endpoint": f"{issuer}/introspect"}
        )
    if url.endswith("/keys"):
        return msgspec.json.encode({"keys": [KEY.as_dict(private=False)]})
    raise NotFound(url)


@pytest.fixture
def introspected():
    """What the first issuer says of opaque tokens, and what it was asked."""
    return {"answers": {}, "asked": []}


@pytest.fixture
def start(resources, following, make_request, clock, introspected):
    """Starts a policy that trusts two issuers; its call sends a request and gives the caller."""

    def started(policy=None, first=None, second=None, main=""):
        settings = GatewaySettings(
            issuer=main,
            issuers={
                "staff": IssuerSettings(url=ISSUERS[0], **(first or {})),
                "partners": IssuerSettings(url=ISSUERS[1], **(second or {})),
            },
            tls_terminators=["10.0.0.0/30"],
            public_url="https://api.example.com",
        )
        oauth = resource_server(
            settings, secret="k" * 40, local=dict.fromkeys((*ISSUERS, MAIN) if main else ISSUERS, fetch), clock=clock
        )
        asking = Introspection(IssuerMetadata(ISSUERS[0], fetch), post, "gateway", "secret")
        issuers = dict(oauth.issuers)
        issuers[ISSUERS[0]] = msgspec.structs.replace(issuers[ISSUERS[0]], introspection=asking)
        oauth = msgspec.structs.replace(oauth, issuers=issuers)
        gateway = msgspec.structs.replace(resources.gateway, oauth=oauth)
        handler = (policy or Authenticate()).wrap(following, msgspec.structs.replace(resources, gateway=gateway))

        async def call(authorization, address="192.0.2.1", **headers):
            request = make_request(headers={"authorization": authorization, **headers}, address=address)
            await handler(request)
            return request.caller

        call.oauth = oauth
        return call

    async def post(url, form, client_id, client_secret) -> bytes:
        introspected["asked"].append((url, form["token"], client_id, client_secret))
        answer = introspected["answers"].get(form["token"], {"active": False})
        if isinstance(answer, Exception):
            raise answer
        return msgspec.json.encode(answer)

    return started


@pytest.fixture
def token(clock):
    def make(issuer=ISSUERS[0], **changes) -> str:
        now = int(clock.now)
        usual = {"iss": issuer, "aud": "tollway", "sub": "user", "client_id": "shop", "iat": now, "exp": now + 600,
                 "jti": str(next(numbers)), "scope": "orders:read"}  # fmt: skip
        header = {"alg": "ES256", "kid": "1", "typ": "at+jwt"}
        claims = {name: value for name, value in (usual | changes).items() if value is not None}
        return jwt.encode(header, claims, KEY, default_type=None)

    return make


def proof(token: str, clock, **changes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    claims = {"jti": str(next(numbers)), "htm": "GET", "htu": URL, "iat": int(clock.now), "ath": digest} | changes
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": SENDER.as_dict(private=False)}
    return jwt.encode(header, claims, SENDER, default_type=None)


def active(clock, **changes) -> dict:
    return {"active": True, "client_id": "shop", "scope": "orders:read", "exp": int(clock.now) + 600} | changes


async def test_nobody_is_taken_for_another_issuers(start, token) -> None:
    """Subjects and clients of a named issuer bear its name; who begins like that is refused where there is no name."""
    call = start(main=MAIN)
    callers = [await call(f"Bearer {token(issuer)}") for issuer in (*ISSUERS[:2], MAIN)]
    assert [caller.subject for caller in callers] == ["staff:user", "partners:user", "user"]
    assert [caller.client for caller in callers] == ["staff:shop", "partners:shop", "shop"]
    assert (await call(f"Bearer {token(MAIN, sub='auth0:7')}")).subject == "auth0:7"
    for claim, what in (("sub", "subject"), ("client_id", "client")):
        with pytest.raises(Unauthenticated, match=f"{what} could be taken for one of another issuer"):
            await call(f"Bearer {token(MAIN, **{claim: 'staff:user'})}")


def test_an_issuers_name_ends_where_its_subjects_begin() -> None:
    """A name with a colon in it would let its subjects be taken for those of another, and stops the start."""
    with pytest.raises(StartupError, match=r"gateway\.issuers\.a:b"):
        resource_server(GatewaySettings(issuers={"a:b": IssuerSettings(url=ISSUERS[0])}), secret="k" * 40)


async def test_several_issuers_are_trusted_each_by_its_own_settings(start, token) -> None:
    """Tokens of every issuer are taken, each with the audience and the customers' claim that its settings name."""
    call = start(second={"audience": "partners", "customers_claim": "accounts", "customers_only": True})
    assert (await call(f"Bearer {token()}")).issuer == ISSUERS[0]
    caller = await call(f"Bearer {token(ISSUERS[1], aud='partners', accounts=['A', 'B'])}")
    assert (caller.issuer, caller.customers) == (ISSUERS[1], {"A", "B"})
    assert (await call(f"Bearer {token(ISSUERS[1], aud='partners')}")).customers == frozenset()
    assert (await call(f"Bearer {token(customers='A')}")).customers == {"A"}
    with pytest.raises(Unauthenticated):
        await call(f"Bearer {token(ISSUERS[1])}")
    for strange in (5, {"A": 1}, [1], [["A"]]):
        with pytest.raises(Unauthenticated):
            await call(f"Bearer {token(customers=strange)}")


async def test_a_bound_token_is_held_to_its_key(start, token, clock) -> None:
    """A token with `cnf.jkt` needs a proof by that key each time, and the scheme DPoP; any other has no use for it."""
    call = start()
    bound = token(cnf={"jkt": SENDER.thumbprint()})
    for _ in range(2):
        assert (await call(f"DPoP {bound}", dpop=proof(bound, clock))).client == "staff:shop"
    used = proof(bound, clock)
    await call(f"DPoP {bound}", dpop=used)
    plain = token()
    for authorization, headers, error in (
        (f"DPoP {bound}", {"dpop": used}, 'DPoP realm="tollway", error="invalid_dpop_proof"'),
        (f"DPoP {bound}", {}, 'DPoP realm="tollway", error="invalid_dpop_proof"'),
        (f"Bearer {bound}", {"dpop": proof(bound, clock)}, 'Bearer realm="tollway", error="invalid_token"'),
        (f"DPoP {plain}", {"dpop": proof(plain, clock)}, 'DPoP realm="tollway", error="invalid_token"'),
    ):
        with pytest.raises(Unauthenticated) as caught:
            await call(authorization, **headers)
        assert caught.value.headers["www-authenticate"].startswith(error)


async def test_a_bound_token_is_held_to_its_certificate(start, token) -> None:
    """A token with `cnf.x5t#S256` needs that certificate, from a terminator of ours; a forged header counts nothing."""
    call = start()
    bound = f"Bearer {token(cnf={'x5t#S256': THUMBPRINT})}"
    assert (await call(bound, "10.0.0.2", **CERTIFICATE)).client == "staff:shop"
    for address, headers in (
        ("10.0.0.2", {}),
        ("10.0.0.4", CERTIFICATE),
        ("not an address", CERTIFICATE),
        ("10.0.0.2", {"client-cert": f":{base64.b64encode(b'another').decode()}:"}),
        ("10.0.0.2", {"client-cert": base64.b64encode(DER).decode()}),
        ("10.0.0.2", {"client-cert": ":not base64:"}),
        ("10.0.0.2", {"client-cert": f"{CERTIFICATE['client-cert']}, {CERTIFICATE['client-cert']}"}),
    ):
        with pytest.raises(Unauthenticated):
            await call(bound, address, **headers)
    assert (await call(f"Bearer {token()}", **CERTIFICATE)).client == "staff:shop"


@pytest.mark.parametrize(
    ("needed", "good"),
    [("dpop", ["dpop", "both"]), ("mtls", ["mtls", "both"]), ("either", ["dpop", "mtls", "both"])],
)
async def test_an_issuers_tokens_can_have_to_be_bound(start, token, clock, needed, good) -> None:
    """The setting of an issuer refuses its tokens that are not bound as it says, and holds those that are to it all."""
    call = start(first={"sender_constraint": needed})
    bindings = {
        "none": None,
        "dpop": {"jkt": SENDER.thumbprint()},
        "mtls": {"x5t#S256": THUMBPRINT},
        "both": {"jkt": SENDER.thumbprint(), "x5t#S256": THUMBPRINT},
        "unknown": {"kid": "1"},
    }
    taken = []
    for name, binding in bindings.items():
        each = token(cnf=binding)
        scheme = "DPoP" if "jkt" in (binding or {}) else "Bearer"
        try:
            await call(f"{scheme} {each}", "10.0.0.2", dpop=proof(each, clock), **CERTIFICATE)
            taken.append(name)
        except Unauthenticated:
            continue
    assert taken == good


async def test_a_revoked_token_stops_at_once(start, token, clock) -> None:
    """Revoked by `jti`, a token that was in use is refused, bound or not, and others of the client go on."""
    call = start()
    plain, other = token(jti="plain"), token(jti="other")
    bound = token(jti="bound", cnf={"jkt": SENDER.thumbprint()})
    await call(f"Bearer {plain}")
    await call(f"DPoP {bound}", dpop=proof(bound, clock))
    for token_id in ("plain", "bound", "never seen"):
        await call.oauth.revocations.revoke(ISSUERS[0], token_id, clock.now + 600)
    with pytest.raises(Unauthenticated, match="was revoked"):
        await call(f"Bearer {plain}")
    with pytest.raises(Unauthenticated, match="was revoked"):
        await call(f"DPoP {bound}", dpop=proof(bound, clock))
    with pytest.raises(Unauthenticated, match="was revoked"):
        await call(f"Bearer {token(jti='never seen')}")
    assert (await call(f"Bearer {other}")).client == "staff:shop"


async def test_opaque_tokens_are_asked_about_once(start, introspected, clock) -> None:
    """Good answers hold for `remember` or until the token expires, bad ones for a few seconds."""
    call = start(Authenticate(remember=60, leeway=5))
    introspected["answers"] = {"good": active(clock), "brief": active(clock, exp=int(clock.now) + 20)}
    for _ in range(3):
        assert (await call("Bearer good")).subject == "staff:shop"
        assert (await call("bearer brief")).client == "staff:shop"
        with pytest.raises(Unauthenticated, match="calls active"):
            await call("Bearer bad")
    assert [asked[1] for asked in introspected["asked"]] == ["good", "brief", "bad"]
    assert introspected["asked"][0] == (f"{ISSUERS[0]}/introspect", "good", "gateway", "secret")
    clock.now += 26
    with pytest.raises(Unauthenticated, match="expired"):
        await call("Bearer brief")
    introspected["answers"]["bad"] = active(clock)
    assert (await call("Bearer bad")).client == "staff:shop"
    clock.now += 40
    introspected["answers"]["good"] = {"active": False}
    with pytest.raises(Unauthenticated):
        await call("Bearer good")


@pytest.mark.parametrize(
    "changes",
    [
        {"active": "true"},
        {"active": 1},
        {"iss": ISSUERS[1]},
        {"aud": "another"},
        {"client_id": None},
        {"client_id": 5},
        {"sub": "\ud800"},
        {"exp": 1_700_000_000},
        {"nbf": 1_900_000_000},
        {"scope": ["orders:read"]},
        {"cnf": {"jkt": "x"}},
    ],
)
async def test_what_an_issuer_says_is_checked(start, introspected, clock, changes) -> None:
    """An introspection answer that is not plainly a good token for us is no way in."""
    introspected["answers"]["opaque"] = active(clock) | changes
    with pytest.raises(Unauthenticated):
        await start()("Bearer opaque")


async def test_an_issuer_that_cannot_be_asked_lets_nobody_in(start, introspected, clock) -> None:
    """While introspection fails unknown tokens are a 503, and the next try asks again."""
    call = start()
    introspected["answers"]["opaque"] = Unavailable("down")
    with pytest.raises(Unavailable):
        await call("Bearer opaque")
    introspected["answers"]["opaque"] = active(clock)
    assert (await call("Bearer opaque")).client == "staff:shop"


async def test_bad_tokens_cost_a_bounded_number_of_looks(start, introspected, clock, token) -> None:
    """An address that sends many different bad tokens is told to wait; its known tokens and other addresses go on."""
    call = start(Authenticate(bad_tokens_per_second=2))
    good = f"Bearer {token()}"
    await call(good)
    looked_at = 0
    for number in range(100):
        with pytest.raises((Unauthenticated, QuotaExceeded)) as caught:
            await call(f"Bearer bad-{number}")
        looked_at += isinstance(caught.value, Unauthenticated)
    assert len(introspected["asked"]) == looked_at == 10
    assert caught.value.retry_after == 1
    assert (await call(good)).client == "staff:shop"
    assert (await call(f"Bearer {token()}", "198.51.100.7")).client == "staff:shop"
    clock.now += 1
    assert (await call(f"Bearer {token()}")).client == "staff:shop"


async def test_one_host_of_ipv6_is_one_address(start) -> None:
    """Addresses of one IPv6 network, of which a host has any number, share what bad tokens may cost."""
    call = start(Authenticate(bad_tokens_per_second=2))
    for number in range(10):
        with pytest.raises(Unauthenticated):
            await call(f"Bearer bad-{number}", f"2001:db8::{number:x}")
    with pytest.raises(QuotaExceeded):
        await call("Bearer bad", "2001:db8::ffff")
    with pytest.raises(Unauthenticated):
        await call("Bearer bad", "2001:db8:0:1::1")


async def test_the_same_bad_token_is_looked_at_once(start, introspected) -> None:
    """Repeating one bad token uses nothing up."""
    call = start(Authenticate(bad_tokens_per_second=1))
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            await call("Bearer bad")
    assert len(introspected["asked"]) == 1


def test_a_terminator_is_a_network() -> None:
    """A setting that names no network stops the start."""
    with pytest.raises(StartupError, match="tls_terminators"):
        resource_server(GatewaySettings(tls_terminators=["10.0.0.1/8"]), secret="k" * 40)
