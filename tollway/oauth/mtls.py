"""Tokens that are bound to a client certificate (RFC 8705), which a TLS terminator passes on (RFC 9440)."""

import base64
import binascii
import hashlib

from tollway.http.addresses import Networks, is_within
from tollway.oauth.refused import Refused

HEADER = b"client-cert"


def check_certificate(header: bytes | None, address: str, terminators: Networks, thumbprint: str) -> None:
    """Raise Refused unless the `Client-Cert` header holds the certificate with this `x5t#S256` thumbprint.

    The header is believed only from the addresses of our own TLS terminators: anyone else could have made it up.
    """
    if header is None:
        raise Refused("The access token is bound to a client certificate, and none came with it.")
    if not is_within(address, terminators):
        raise Refused("The client certificate did not come by a TLS terminator that is trusted here.")
    if _thumbprint(header) != thumbprint:
        raise Refused("The access token is bound to another client certificate.")


def _thumbprint(header: bytes) -> str:
    """The thumbprint of a certificate that stands in a header as a byte sequence: `:base64 of the DER form:`."""
    if len(header) < 2 or header[:1] != b":" or header[-1:] != b":":  # noqa: PLR2004 - the two colons
        raise Refused("The client certificate cannot be read.")
    try:
        certificate = base64.b64decode(header[1:-1], validate=True)
    except (binascii.Error, ValueError):
        raise Refused("The client certificate cannot be read.") from None
    return base64url(hashlib.sha256(certificate).digest())


def base64url(content: bytes) -> str:
    """Base64url without padding, as JOSE writes bytes."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
