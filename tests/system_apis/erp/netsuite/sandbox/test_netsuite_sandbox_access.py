"""Who is let in, and what overload looks like."""

import contextlib
import datetime as dt
import time

import httpx
import pytest

from system_apis.erp.netsuite.sandbox import certificates, create_sandbox, issue_certificate
from tollway.sandboxes import Fault, State, serve


async def test_a_client_assertion_gets_a_token_for_an_hour(login):
    """The token endpoint answers NetSuite's three fields."""
    answer = (await login()).json()
    assert (answer["expires_in"], answer["token_type"]) == ("3600", "bearer")
    assert answer["access_token"].count(".") == 2


@pytest.mark.parametrize(
    ("claims", "status", "error"),
    [
        ({"iss": "somebody"}, 401, "invalid_client"),
        ({"key_id": "unknown"}, 401, "invalid_client"),
        ({"aud": "https://elsewhere.example"}, 400, "invalid_grant"),
        ({"scope": "restlets"}, 400, "invalid_grant"),
        ({"exp": lambda now: now + 3900}, 400, "invalid_grant"),
        ({"iat": lambda now: now - 900, "exp": lambda now: now - 600}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_bad_assertion_is_refused(login, claims, status, error):
    """Every claim is checked, and the refusal is OAuth's."""
    now = int(time.time())
    answer = await login(**{name: given(now) if callable(given) else given for name, given in claims.items()})
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_a_token_ends_after_an_hour(api, clock):
    """An expired token is an invalid login with a bearer challenge."""
    await api("GET", "/record/v1/currency", 200)
    clock.shift = dt.timedelta(hours=1, seconds=1)
    response = await api("GET", "/record/v1/currency", 401)
    assert response.headers["www-authenticate"].startswith('Bearer realm="TSTDRV0000001", error="invalid_token"')
    assert response.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"


async def test_tokens_and_records_outlive_a_restart(tmp_path, api, state, clock):
    """A second account on the same state takes the token and has the record."""
    await api.put("customer/eid:C-1", companyName="Acme", subsidiary={"id": "2"})
    async with serve(create_sandbox(state, clock=clock)) as address:
        authorization = api.client.headers["authorization"]
        url = f"{address.url}/services/rest/record/v1/customer/eid:C-1"
        async with httpx.AsyncClient(headers={"authorization": authorization}) as client:
            response = await client.get(url)
    assert response.json()["companyName"] == "Acme"


async def test_an_unsigned_call_is_refused(sandbox):
    """Without credentials nothing but the token endpoint answers."""
    async with httpx.AsyncClient(base_url=sandbox[1].url) as client:
        response = await client.get("/services/rest/record/v1/customer")
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/vnd.oracle.resource+json; type=error"


def test_a_certificate_is_issued_once(tmp_path):
    """The certificate of a folder stays the same, so that an adapter's settings stay right."""
    first, key = issue_certificate(tmp_path)
    assert issue_certificate(tmp_path) == (first, key)
    assert list(certificates(tmp_path)) == [first]
    assert key.stat().st_mode & 0o077 == 0


async def test_overload_answers_as_netsuite_does(sandbox, api):
    """A throttled call gets 429 with CONCURRENCY_LIMIT_EXCEEDED."""
    sandbox[0].set(Fault(kind="throttle", times=1))
    text, code = await api.refused("GET", "/record/v1/customer", 429)
    assert (text, code) == ("Concurrent request limit exceeded. Request blocked.", "CONCURRENCY_LIMIT_EXCEEDED")
    limits = (await api("GET", "/system/v1/governanceLimits", 200)).json()
    assert limits["integrationLimitType"] == "accountLimit"


async def test_a_lost_answer_leaves_the_record(sandbox, api):
    """After a connection lost behind the work, an upsert may be repeated and finds its record."""
    sandbox[0].set(Fault(kind="lost_after", method="PUT", times=1))
    with contextlib.suppress(httpx.HTTPError):
        await api("PUT", "/record/v1/customer/eid:C-1", json={"companyName": "Acme", "subsidiary": {"id": "2"}})
    await api.put("customer/eid:C-1", companyName="Acme", subsidiary={"id": "2"})
    assert (await api.record("customer"))["totalResults"] == 1


def test_a_fresh_account_has_the_seed():
    """Four subsidiaries, three currencies, four terms and a period for every month."""
    state = State()
    create_sandbox(state)
    counts = {kind: len(state.all(kind)) for kind in ("subsidiary", "currency", "term", "accountingPeriod")}
    assert counts == {"subsidiary": 4, "currency": 3, "term": 4, "accountingPeriod": 84}
