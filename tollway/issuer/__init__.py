"""The development issuer: OAuth 2.0 tokens for the embedded form, so that trying Tollway needs no identity provider.

Its key and its clients' secrets are generated at the first start and kept in the state folder.
"""

from tollway.issuer.clients import ClientRegistration, client_secret
from tollway.issuer.endpoints import Issuer, create_issuer

__all__ = ["ClientRegistration", "Issuer", "client_secret", "create_issuer"]
