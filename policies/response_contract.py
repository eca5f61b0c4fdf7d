"""Holds an answer to the published contract: its status, headers, content type and body."""

from contextlib import aclosing
from typing import ClassVar, Literal

import structlog

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.problem_document import Violation
from tollway.problems import ContractDrift
from tollway.strict import Strict

log = structlog.get_logger()
_SAFE = ("GET", "HEAD", "OPTIONS")


class ResponseContract(Strict):
    """Notices what a service answers against its contract, and keeps it from the caller or tells those who run it."""

    after: ClassVar[tuple[str, ...]] = ("correlation",)
    on_drift: Literal["refuse", "report"] = "report"
    """What becomes of such an answer, logged and counted either way: `refuse` puts a 502 in its place, `report` passes
    it on."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        drifted = resources.gateway.metrics.counter(
            "response_drift", "Answers that broke their contract.", ("product", "operation"), folded=()
        )

        async def handle(request: GatewayRequest) -> GatewayResponse:
            response = await following(request)
            operation = request.operation
            answer = operation.answers.of(response.status)
            if answer is not None and response.stream is None and answer.accepts(response.headers, response.body):
                return response
            violations = _violations(request, response)
            if violations:
                drifted.add((resources.product, operation.id))
                log.warning(
                    "response drift",
                    operation=operation.id,
                    status=response.status,
                    violations=[f"{violation.pointer}: {violation.message}" for violation in violations],
                    correlation_id=request.context.correlation_id,
                    refused=self.on_drift == "refuse",
                )
                if self.on_drift == "refuse":
                    await _close(response)
                    raise ContractDrift(_words(request))
            return response

        return handle


async def _close(response: GatewayResponse) -> None:
    """Let go of a stream that nobody will read, and of the connection it comes from."""
    if response.stream is not None:
        async with aclosing(response.stream):  # type: ignore[type-var]  # every stream here is a generator
            pass


def _violations(request: GatewayRequest, response: GatewayResponse) -> list[Violation]:
    answers = request.operation.answers
    if not answers:
        return []
    answer = answers.of(response.status)
    if answer is None:
        return [Violation(pointer="", message=f"the contract has no answer with status {response.status}")]
    whole = response.stream is None and request.method != "HEAD"
    return answer.violations(response.headers, response.body if whole else None)


def _words(request: GatewayRequest) -> str:
    """What a caller can act on, and nothing of what was answered."""
    words = f"The answer to {request.operation.id} broke its contract and is held back."
    if request.method in _SAFE:
        return words
    return f"{words} What was asked may have been done: look before you ask again."
