"""The schemes by which platforms sign what they send."""

from collections.abc import Mapping

from tollway.ingress.schemes.docusign import DOCUSIGN
from tollway.ingress.schemes.hubspot import HUBSPOT
from tollway.ingress.schemes.scheme import Call, Scheme
from tollway.ingress.schemes.stripe import STRIPE

SCHEMES: Mapping[str, Scheme] = {scheme.name: scheme for scheme in (STRIPE, HUBSPOT, DOCUSIGN)}

__all__ = ["SCHEMES", "Call", "Scheme"]
