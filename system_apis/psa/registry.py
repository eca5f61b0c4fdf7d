"""The PSA platforms that can be chosen, one line each."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from system_apis.psa.certinia.operations import build_certinia_psa
from tollway.ports.connection import Connection, Shared
from tollway.ports.psa import Psa


class PsaAdapter(Psa, Connection, Protocol):
    """The port on a connected platform."""


PLATFORMS: Mapping[str, Callable[[str, dict[str, Any], Shared], PsaAdapter]] = {
    "certinia": build_certinia_psa,
}
