"""The AsyncAPI document of the business events: valid, and what events really are."""

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import get_args

import jsonschema_rs
import msgspec
import pytest

from tollway.canonical.case import CaseStatus, Category, OwnerRole
from tollway.canonical.event import BusinessEvent, EventType, InvoicePosted
from tollway.canonical.event_facts import CaseFacts, ProcessFacts
from tollway.cli.catalogue import CONTRACTS
from tollway.cli.contracts import EVENTS, asyncapi

SPECTRAL = Path(__file__).parent / "spectral"
SCHEMA = SPECTRAL / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
DOCUMENT = msgspec.yaml.decode((CONTRACTS / EVENTS).read_text("utf-8"))
KINDS = {str(kind.__struct_config__.tag): kind for kind in get_args(BusinessEvent)}


def test_the_committed_document_is_what_the_types_say():
    """Nothing has drifted."""
    assert (CONTRACTS / EVENTS).read_text("utf-8") == asyncapi()[EVENTS], "run `make openapi` and read the difference"


def test_the_document_keeps_to_the_published_schema_of_asyncapi():
    """AsyncAPI's own JSON Schema of version 3.0.0 finds nothing wrong with it."""
    if not SCHEMA.exists():  # Spectral, which brings it, is installed by its first run
        subprocess.run(
            [sys.executable, SPECTRAL / "lint.py", CONTRACTS / "process" / "collections.v1.yaml"], check=True
        )
    validator = jsonschema_rs.Draft7Validator(msgspec.json.decode(SCHEMA.read_bytes()))
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []
    assert not validator.is_valid(DOCUMENT | {"channels": {"events": {"messages": {"X": {"payload": 1, "nope": 2}}}}})


def test_every_type_is_one_message_and_one_struct():
    """The types that can be asked for, the structs that are sent and the messages of the document are the same."""
    assert KINDS.keys() == {kind.value for kind in EventType}
    messages = DOCUMENT["components"]["messages"]
    assert {message["name"] for message in messages.values()} == KINDS.keys()
    assert DOCUMENT["channels"]["events"]["messages"].keys() == messages.keys()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_event_keeps_to_its_message(kind):
    """What is sent is valid against the payload that is published for it, and against no other's."""
    facts = kind.__annotations__["data"]
    event = kind(
        specversion="1.0", id="a" * 40, source="/tollway", subject="D-1", time=dt.datetime.now(dt.UTC),
        datacontenttype="application/json", dataschema="/x", correlationid="c", causationid="", sequence="0" * 20,
        data=_facts(facts),
    )  # fmt: skip
    sent = msgspec.json.decode(msgspec.json.encode(event))
    assert _valid(kind, sent)
    assert not any(_valid(other, sent) for other in KINDS.values() if other is not kind)
    assert not _valid(kind, sent | {"specversion": "0.3"})


def _facts(kind):
    known = {
        ProcessFacts: {"process": "x", "process_id": "x:1", "subject": "D-1"},
        CaseFacts: {
            "case_id": "CASE-1", "process": "x", "process_id": "x:1", "subject": "D-1", "summary": "It is stuck.",
            "category": Category.UNFORESEEN, "owner_role": OwnerRole.INTEGRATION, "status": CaseStatus.OPEN,
        },
    }.get(kind)  # fmt: skip
    money = {"amount": "1.00", "currency": "EUR"}
    general = {
        "deal_id": "D-1", "source": "crm", "account_id": "A-1", "legal_entity": "NWC-US", "number": "1", "name": "n",
        "project_number": "P-1", "value": money, "start": "2026-01-01", "end": "2026-02-01", "reference": "r",
        "status": "open", "currency": "EUR", "net": money, "tax": money, "total": money, "paid": money,
    }  # fmt: skip
    given = known or {name: value for name, value in general.items() if name in kind.__struct_fields__}
    return msgspec.convert(given, kind)


def _valid(kind, sent) -> bool:
    whole = {"$ref": f"#/components/schemas/{kind.__name__}", "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft7Validator(whole).is_valid(sent)


def test_a_posted_invoice_is_published_with_its_amounts():
    """Amounts are decimal texts with their currency, as everywhere."""
    assert InvoicePosted.__name__ in DOCUMENT["components"]["schemas"]
    money = DOCUMENT["components"]["schemas"]["Money"]["properties"]["amount"]
    assert money["type"] == "string"
