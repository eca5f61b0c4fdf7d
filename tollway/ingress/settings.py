"""The webhooks that platforms call."""

from typing import Annotated, Literal

import msgspec

from tollway.strict import Strict

Secret = Annotated[str, msgspec.Meta(min_length=8)]


class WebhookSettings(Strict):
    """What one platform account calls, at `/webhooks/v1/NAME`."""

    scheme: Literal["stripe", "hubspot", "docusign"]
    """How the platform signs what it sends."""
    secret: Secret | Annotated[list[Secret], msgspec.Meta(min_length=1, max_length=10)]
    """What it signs with; while a secret is being replaced, the new one and the old one."""
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://.+)?$")] = ""
    """The address as the platform calls it, which HubSpot signs; unsaid, it is below gateway.public_url."""

    @property
    def secrets(self) -> list[bytes]:
        """Every secret that may have signed."""
        given = [self.secret] if isinstance(self.secret, str) else self.secret
        return [one.encode() for one in given]
