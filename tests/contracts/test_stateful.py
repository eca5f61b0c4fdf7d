"""Whole conversations along the links of the contracts: what one operation answers is what the next one asks for."""

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.cli.contracts import files

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDED = settings(
    max_examples=6, stateful_step_count=6, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

MANY = 60
OUTSIDE = ("events", "event-delivery")
"""What is generated for these names addresses out there, which nobody may subscribe from here."""


def _links(document: dict) -> list[tuple[dict, dict]]:
    """Every link of a document and the operation it starts from."""
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    return [
        (link, operation)
        for operation in operations
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]


LINKED = [file for file in files(CONTRACTS) if _links(msgspec.yaml.decode((CONTRACTS / file).read_text("utf-8")))]


@pytest.mark.parametrize("file", LINKED)
def test_a_conversation_along_the_links_keeps_to_the_contract(served, known, file):
    """However operations follow one another, no answer is a crash or one that the contract does not describe; and links
    lead to things that there are."""
    name = file.rpartition("/")[2].split(".")[0]
    followed: list[int] = []

    schema = schemathesis.openapi.from_path(CONTRACTS / file)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])

    class Conversation(schema.as_state_machine()):
        def step(self, input):  # noqa: A002 - the name of the base class
            self.follows = input.is_applied
            if not self.follows:  # a conversation begins with something that there is
                input.case.path_parameters |= {
                    name: known[name] for name in input.case.path_parameters.keys() & known.keys()
                }
                if isinstance(input.case.body, dict):
                    input.case.body |= {name: known[name] for name in input.case.body.keys() & known.keys()}
            return super().step(input)

        def get_call_kwargs(self, case):
            return {"base_url": served.url(name), "headers": served.headers(name), "timeout": 20}

        def validate_response(self, response, case, additional_checks=None, **kwargs):
            case.validate_response(response, checks=CHECKS)
            if self.follows:
                followed.append(response.status_code)

    Conversation.run(settings=BOUNDED)
    if (
        SERVICES[name].layer != "system" and name not in OUTSIDE
    ):  # what is generated for a platform names nothing that it has
        if not _led(followed):  # the rules between fields, which no schema tells, leave little of what is generated
            Conversation.run(settings=settings(BOUNDED, max_examples=MANY))
        assert _led(followed), "no link led anywhere"


def _led(followed: list[int]) -> bool:
    """Whether a link led to something that there is."""
    return any(200 <= status < 300 for status in followed)
