"""A connection's settings either describe exactly one way to log in or keep the service from starting."""

from pathlib import Path
from typing import Any

import pytest

from system_apis.erp.netsuite.operations import build_netsuite
from system_apis.erp.netsuite.settings import netsuite_settings
from tollway.ports.connection import Shared
from tollway.problems import StartupError

BASE: dict[str, Any] = {
    "account": "1234567_SB1",
    "legal_entities": {"UK": {"subsidiary": "3"}},
    "items": {"time": "1", "milestone": "2"},
    "terms": {"30": "2"},
    "closed_project_status": "1",
}
MACHINE = {"client_id": "c", "certificate_id": "k", "private_key": "p"}
TOKEN = {"consumer_key": "a", "consumer_secret": "b", "token_id": "c", "token_secret": "d"}


def test_the_address_follows_from_the_account() -> None:
    """A sandbox account's underscore becomes a hyphen in its host name, unless an address is given."""
    assert netsuite_settings("n", BASE | MACHINE).base_url == "https://1234567-sb1.suitetalk.api.netsuite.com"
    assert netsuite_settings("n", BASE | TOKEN | {"url": "http://x/"}).base_url == "http://x"


@pytest.mark.parametrize(
    ("tables", "setting"),
    [
        (BASE, "connections.n.client_id is missing"),
        (BASE | MACHINE | TOKEN, "connections.n.consumer_key is one login too many"),
        (BASE | {"client_id": "c", "private_key": "p"}, "connections.n.certificate_id is missing"),
        (BASE | {"consumer_key": "a", "token_id": "t"}, "connections.n.consumer_secret is missing"),
        (BASE | MACHINE | {"terms": {"30": "Net 30"}}, r"connections.n.terms.30 is wrong"),
        (BASE | MACHINE | {"colour": "red"}, "connections.n.colour is not one"),
    ],
)
def test_a_wrong_setting_is_named(tables: dict[str, Any], setting: str) -> None:
    """The sentence that keeps the service from starting names the setting."""
    with pytest.raises(StartupError, match=setting):
        netsuite_settings("n", tables)


@pytest.mark.parametrize("content", [None, "no key"])
def test_a_key_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    """A private key that is missing or none keeps the service from starting."""
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StartupError, match=r"connections\.n\.private_key"):
        build_netsuite("n", BASE | MACHINE | {"private_key": str(path)}, Shared())
