"""What is configured about an OAuth issuer."""

from typing import Literal

from tollway.strict import Strict


class IssuerSettings(Strict):
    """An OAuth issuer whose tokens are taken; its addresses and keys are found by its metadata (RFC 8414 or OpenID)."""

    url: str
    """Its identifier: what its tokens say as `iss`."""
    audience: str = ""
    """What its tokens' `aud` must contain; empty is that of the gateway."""
    client_id: str = ""
    """Who we are to it when we ask about opaque tokens (RFC 7662); empty takes only tokens that are JWTs."""
    client_secret: str = ""
    sender_constraint: Literal["none", "dpop", "mtls", "either"] = "none"
    """How its tokens must be bound to their sender; one that is bound is held to that in any case."""
    dpop_nonce: bool = False
    """Whether DPoP proofs for its tokens must carry a nonce that the gateway gave out."""
    customers_claim: str = "customers"
    """The claim that lists the customers (by their id in the CRM) whose objects alone the bearer may see."""
    customers_only: bool = False
    """Whether a token without that claim sees no customer's objects, as it should with an issuer of portals and
    partners, instead of all, as the firm's own applications do."""
