"""What platforms sign is verified by their own schemes, and read into notices."""

import base64
import datetime as dt
import hashlib
import hmac

import msgspec
import pytest

from tollway.ingress.schemes import SCHEMES, Call
from tollway.ingress.settings import WebhookSettings
from tollway.ingress.webhooks import Webhooks
from tollway.problems import Malformed, StartupError, Unauthenticated

NOW = 1_700_000_000.0
STRIPES, HUBSPOTS = "whsec_test_secret", "client-secret"
STRIPE = b'{"id": "evt_1", "type": "invoice.paid", "created": 1690000000, "data": {"object": {"id": "in_1"}}}\n'
HUBSPOT_EVENT = {
    "eventId": 1, "subscriptionId": 2, "portalId": 3, "occurredAt": 1690000000123,
    "subscriptionType": "deal.propertyChange", "attemptNumber": 0, "objectId": 4,
}  # fmt: skip
HUBSPOT = msgspec.json.encode([HUBSPOT_EVENT])
DOCUSIGN = msgspec.json.encode(
    {
        "event": "envelope-completed",
        "retryCount": 0,
        "generatedDateTime": "2026-11-15T16:05:32.1234567Z",
        "data": {"accountId": "A", "envelopeId": "98765432-dcba"},
    }
)
URL = "https://api.example.com/webhooks/v1/crm"


def mac(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()


def stripe(secret: str = STRIPES, *, body: bytes = STRIPE, at: float = NOW) -> dict[str, str]:
    return {"stripe-signature": f"t={int(at)},v1={mac(secret, f'{int(at)}.'.encode() + body).hex()}"}


def hubspot(secret: str = HUBSPOTS, *, body: bytes = HUBSPOT, at: float = NOW, url: str = URL):
    moment = str(int(at * 1000))
    signed = base64.b64encode(mac(secret, f"POST{url}".encode() + body + moment.encode())).decode()
    return {"x-hubspot-signature-v3": signed, "x-hubspot-request-timestamp": moment}


def docusign(*secrets: str, body: bytes = DOCUSIGN) -> dict[str, str]:
    return {
        f"x-docusign-signature-{number}": base64.b64encode(mac(secret, body)).decode()
        for number, secret in enumerate(secrets, 1)
    }


def webhooks(now: float = NOW, public_url: str = "https://api.example.com", **secrets: str | list[str]) -> Webhooks:
    """Webhooks named as their schemes, but for HubSpot's, which is `crm`."""
    given = {"stripe": "whsec_test_secret", "crm": "client-secret", "docusign": "connect-key-1"} | secrets
    schemes = {"crm": "hubspot"}
    settings = {name: WebhookSettings(scheme=schemes.get(name, name), secret=one) for name, one in given.items()}
    return Webhooks(settings, public_url, lambda: now)


def test_hubspots_own_vector():
    """The signature that HubSpot's client library is tested with is the one computed here, body to the last byte."""
    call = Call(
        "https://www.example.com/webhook_uri",
        {
            "x-hubspot-signature-v3": "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw=",
            "x-hubspot-request-timestamp": "15000000",
        },
        b"{'example_field':'example_value'}",
    )
    verify = SCHEMES["hubspot"].verify
    verify(call, [b"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"], 15000.0)
    with pytest.raises(Unauthenticated):
        verify(call, [b"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyz"], 15000.0)


def test_a_signed_event_is_read():
    """What each platform sends becomes a notice with its id, type, object and moment."""
    (paid,) = webhooks().notices("stripe", stripe(), STRIPE)
    assert (paid.source, paid.event_id, paid.kind) == ("webhook:stripe", "evt_1", "stripe")
    assert (paid.type, paid.subject, paid.body) == ("invoice.paid", "in_1", STRIPE.decode())
    assert paid.occurred_at == dt.datetime.fromtimestamp(1690000000, dt.UTC)
    (changed,) = webhooks().notices("crm", hubspot(), HUBSPOT)
    assert (changed.event_id, changed.kind, changed.type) == ("3-2-1-4-1690000000123", "hubspot", "deal.propertyChange")
    assert (changed.subject, msgspec.json.decode(changed.body)) == ("deal:3:4", HUBSPOT_EVENT)
    assert changed.occurred_at == dt.datetime.fromtimestamp(1690000000.123, dt.UTC)
    (signed,) = webhooks().notices("docusign", docusign("connect-key-1"), DOCUSIGN)
    assert (signed.type, signed.subject) == ("envelope-completed", "98765432-dcba")
    assert signed.event_id == "98765432-dcba||envelope-completed|2026-11-15T16:05:32.1234567Z"
    assert signed.occurred_at == dt.datetime(2026, 11, 15, 16, 5, 32, 123456, dt.UTC)


def test_a_repeated_delivery_has_the_same_identity():
    """What changes from one attempt to the next, the attempt's number or the signature's time, is no part of it."""
    again = msgspec.json.encode([HUBSPOT_EVENT | {"attemptNumber": 3}, HUBSPOT_EVENT | {"eventId": 9}])
    same, other = webhooks().notices("crm", hubspot(body=again, at=NOW + 9), again)
    (first,) = webhooks().notices("crm", hubspot(), HUBSPOT)
    assert same.event_id == first.event_id != other.event_id


@pytest.mark.parametrize("seconds", [-301, 301])
@pytest.mark.parametrize(("name", "sign", "body"), [("stripe", stripe, STRIPE), ("crm", hubspot, HUBSPOT)])
def test_an_old_call_is_refused(name, sign, body, seconds):
    """A recorded call cannot be sent again after five minutes, nor may the sender's clock be ahead by more."""
    within = seconds - 2 if seconds > 0 else seconds + 2
    assert webhooks(NOW + within).notices(name, sign(), body)
    with pytest.raises(Unauthenticated):
        webhooks(NOW + seconds).notices(name, sign(), body)


@pytest.mark.parametrize(
    ("name", "headers", "body"),
    [
        ("stripe", {}, STRIPE),
        ("stripe", {"stripe-signature": "nonsense"}, STRIPE),
        ("stripe", {"stripe-signature": stripe()["stripe-signature"].replace("v1=", "v0=")}, STRIPE),
        ("stripe", {"stripe-signature": "t=1,t=2," + stripe()["stripe-signature"].partition(",")[2]}, STRIPE),
        ("stripe", stripe(), STRIPE.strip()),
        ("stripe", stripe("another"), STRIPE),
        ("stripe", {"stripe-signature": f"t=-,v1={mac('whsec_test_secret', b'-.' + STRIPE).hex()}"}, STRIPE),
        ("stripe", {"stripe-signature": f"t={int(NOW)},v1=äöü"}, STRIPE),
        ("crm", hubspot(url="https://elsewhere.example.com/webhooks/v1/crm"), HUBSPOT),
        ("crm", hubspot() | {"x-hubspot-request-timestamp": str(int(NOW * 1000) + 1)}, HUBSPOT),
        ("crm", {"x-hubspot-signature-v3": hubspot()["x-hubspot-signature-v3"]}, HUBSPOT),
        ("crm", hubspot("another"), HUBSPOT),
        ("docusign", {}, DOCUSIGN),
        ("docusign", docusign("another-key"), DOCUSIGN),
        ("docusign", docusign("connect-key-1"), DOCUSIGN + b" "),
        ("unknown", stripe(), STRIPE),
    ],
)
def test_what_is_not_signed_is_refused_alike(name, headers, body):
    """Whatever is wrong with a signature, or when there is no such webhook, the caller is told the same."""
    with pytest.raises(Unauthenticated, match=r"^There is no such webhook, or it was not signed with its secret"):
        webhooks().notices(name, headers, body)


def test_secrets_are_rotated():
    """While a secret is replaced, what either of the two has signed is taken."""
    both = webhooks(stripe=["whsec_new_secret", "whsec_test_secret"], docusign=["connect-key-2", "connect-key-1"])
    for secret in ("whsec_new_secret", "whsec_test_secret"):
        assert both.notices("stripe", stripe(secret), STRIPE)
    several = stripe("whsec_gone_secret")["stripe-signature"] + "," + stripe()["stripe-signature"].partition(",")[2]
    assert both.notices("stripe", {"stripe-signature": several}, STRIPE)
    assert both.notices("docusign", docusign("connect-key-gone", "connect-key-2"), DOCUSIGN)


def test_an_address_is_signed_as_hubspot_decodes_it():
    """HubSpot decodes some characters of the address before it signs it, and leaves the others."""
    settings = {"crm": WebhookSettings(scheme="hubspot", secret="client-secret", url=f"{URL}?a=%3A%2f%20%25")}
    calls = Webhooks(settings, "", lambda: NOW)
    assert calls.notices("crm", hubspot(url=f"{URL}?a=:/%20%25"), HUBSPOT)


@pytest.mark.parametrize(
    ("name", "sign", "body"),
    [
        ("stripe", stripe, b"no JSON"),
        ("stripe", stripe, b'{"id": "evt_1"}'),
        ("stripe", stripe, STRIPE.replace(b"in_1", b"in 1\\u0000")),
        ("stripe", stripe, STRIPE.replace(b"invoice.paid", b"\xff")),
        ("stripe", stripe, STRIPE.replace(b"1690000000", b"1" * 18)),
        ("crm", hubspot, b"{}"),
        ("crm", hubspot, b'[{"eventId": "x"}]'),
        ("docusign", lambda body: docusign("connect-key-1", body=body), b'{"event": "x"}'),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(name, sign, body):
    """Signed nonsense is the sender's mistake, and said to be."""
    with pytest.raises(Malformed, match="not what the platform documents"):
        webhooks().notices(name, sign(body=body), body)


def test_hubspots_address_has_to_be_known():
    """A webhook whose scheme signs its address needs the setting that tells it."""
    with pytest.raises(StartupError, match=r"^The setting webhooks\.crm\.url is missing"):
        webhooks(public_url="")
