"""A customer's portal at the gateway: it sees what is its customer's, and cannot tell that anything else exists."""

import time

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

pytestmark = pytest.mark.asyncio(loop_scope="module")


def portal(firm, customer: str) -> dict[str, str]:
    """What the portal of a customer sends: a token of the issuer that is restricted to that customer."""
    key = ECKey.import_key(msgspec.json.decode((firm.settings.folder / "issuer-key.json").read_bytes()))
    url, now = f"http://{firm.settings.gateway.host}:{firm.settings.gateway.port}", int(time.time())
    claims = {"iss": url, "aud": "tollway", "sub": "a.buyer", "client_id": "portal", "iat": now, "exp": now + 600,
              "jti": f"portal-{customer}", "scope": "sales:read finance:read finance:write operations:read",
              "customers": [customer]}  # fmt: skip
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, default_type=None)
    return {"authorization": f"Bearer {token}"}


async def test_a_portal_sees_its_own_customers_objects_only(shared_firm):
    """Statements, billing plan and invoice are there for the customer whose they are, and for another a plain 404."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    await firm.finished((await firm.bill(number)).process_id)
    await firm.billed(deal_id)
    account = (await firm.rows(f"SELECT AccountId FROM Opportunity WHERE Id = '{deal_id}'"))[0]["AccountId"]
    finance = "/finance/v2"
    objects = {
        f"{finance}/deals/{deal_id}/statement": f"{finance}/deals/006000000000999AAA/statement",
        f"{finance}/projects/{number}/statement": f"{finance}/projects/PRJ-0/statement",
        f"{finance}/projects/{number}/billing-plan": f"{finance}/projects/PRJ-0/billing-plan",
        f"{finance}/invoices/{number}-001": f"{finance}/invoices/PRJ-0-001",
    }
    http = firm.accounting._http
    for path, nowhere in objects.items():
        own = await http.get(path, headers=portal(firm, account))
        assert own.status_code == 200, own.text
        others = await http.get(path, headers=portal(firm, "001000000000999AAA"))
        missing = await http.get(nowhere, headers=portal(firm, account))
        assert others.status_code == missing.status_code == 404
        assert others.json()["detail"] == missing.json()["detail"]
    for path in (f"/sales/v1/deals/{deal_id}", f"{finance}/projects/{number}/revenue-schedule", "/operations/v1/cases"):
        assert (await http.get(path, headers=portal(firm, account))).status_code == 403
