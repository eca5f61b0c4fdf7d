"""What a client that is not let in is told (RFC 6750, RFC 9449), and where it learns whom to ask (RFC 9728)."""

from tollway.oauth.keys import ALGORITHMS

WELL_KNOWN = "/.well-known/oauth-protected-resource"
_REALM = 'realm="tollway"'
_ALGORITHMS = f'algs="{" ".join(ALGORITHMS)}"'


class Challenges:
    """The `WWW-Authenticate` headers of one API product."""

    def __init__(self, resource_metadata: str) -> None:
        self._metadata = f'resource_metadata="{resource_metadata}"'

    def without_token(self) -> dict[str, str]:
        """For who sent no token, which is no error: both schemes are offered."""
        return {
            "www-authenticate": f"Bearer {_REALM}, {self._metadata}, DPoP {_REALM}, {_ALGORITHMS}, {self._metadata}"
        }

    def refused(self, scheme: str, error: str, why: str) -> dict[str, str]:
        """For a token or proof that is not good."""
        said = f'{_REALM}, error="{error}", error_description="{why}"'
        if scheme == "dpop":
            return {"www-authenticate": f"DPoP {said}, {_ALGORITHMS}, {self._metadata}"}
        return {"www-authenticate": f"Bearer {said}, {self._metadata}"}

    def insufficient(self, authorization: bytes, scope: str) -> dict[str, str]:
        """For a token, in the `Authorization` header as it came, that does not grant a scope."""
        said = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
        if authorization[:5].lower() == b"dpop ":
            return {"www-authenticate": f"DPoP {said}, {_ALGORITHMS}, {self._metadata}"}
        return {"www-authenticate": f"Bearer {said}, {self._metadata}"}
