"""The scopes policy."""

import msgspec
import pytest

from policies.scopes import Scopes
from tollway.contracts.published import Contract
from tollway.problems import Forbidden, NoSuchRoute


@pytest.mark.parametrize("scopes", [("orders:read",), ("orders:write",), ("other", "orders:read")])
async def test_any_of_the_contracts_ways_is_enough(make_request, following, resources, caller, scopes) -> None:
    """Where the contract names several ways to be allowed, one of them suffices."""
    handler = Scopes().wrap(following, resources)
    assert (await handler(make_request(caller=caller(*scopes)))).status == 200


@pytest.mark.parametrize("scopes", [(), ("orders:reader",), ("finance:write",)])
async def test_a_scope_that_is_not_granted_is_named(make_request, following, resources, caller, scopes) -> None:
    """A caller without the scope gets 403 with the scope it needs."""
    handler = Scopes().wrap(following, resources)
    with pytest.raises(Forbidden) as caught:
        await handler(make_request("POST", "/orders/v1/orders", caller=caller(*scopes)))
    challenge = caught.value.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="insufficient_scope", scope="orders:write"' in challenge
    assert challenge.endswith('/.well-known/oauth-protected-resource/orders/v1"')


async def test_nobody_has_no_scopes(make_request, following, resources) -> None:
    """A request whose caller was never established is refused, not let through."""
    with pytest.raises(Forbidden):
        await Scopes().wrap(following, resources)(make_request())


async def test_a_public_operation_is_open(make_request, following, resources) -> None:
    """An operation whose contract asks for nothing is open to everyone."""
    handler = Scopes().wrap(following, resources)
    assert (await handler(make_request(target="/orders/v1/orders/summary"))).status == 200


async def test_an_unknown_address_is_no_way_around(make_request, following, resources, caller) -> None:
    """A path that the contract does not have is refused before anything is sent on."""
    with pytest.raises(NoSuchRoute):
        await Scopes().wrap(following, resources)(make_request(target="/orders/v1/x", caller=caller("orders:read")))


def test_a_contract_that_is_silent_on_security_is_refused(following, resources) -> None:
    """An operation without `security` is a mistake that is found at the start, not an open door."""
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/a": {"get": {"operationId": "forgotten"}}}}
    silent = msgspec.structs.replace(resources, contract=Contract(document, "a.yaml"))
    with pytest.raises(ValueError, match=r"a\.yaml says no security for forgotten"):
        Scopes().wrap(following, silent)


async def test_a_bearer_of_a_bound_token_is_told_by_its_scheme(make_request, following, resources, caller) -> None:
    """A client that came with DPoP is challenged by DPoP (RFC 9449, 7.1)."""
    request = make_request("POST", "/orders/v1/orders", caller=caller(), headers={"authorization": "DPoP abc"})
    with pytest.raises(Forbidden) as caught:
        await Scopes().wrap(following, resources)(request)
    challenge = caught.value.headers["www-authenticate"]
    assert challenge.startswith('DPoP realm="tollway", error="insufficient_scope", scope="orders:write", algs="')
