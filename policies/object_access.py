"""Shows a caller that is restricted to certain customers only the objects of those."""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.contracts.owners import Owned, owners
from tollway.problems import Forbidden, NotFound, Unavailable
from tollway.strict import Strict

_TOLD_AS_IT_IS = frozenset((400, 422, 429))
"""Refusals that say something of the request, not of the object."""


class ObjectAccess(Strict):
    """Asks whose an object is, as the contract's `x-tollway-owner` tells; what it does not tell of stays closed.

    Callers without a restriction, the firm's own applications, are not held up.
    """

    after: ClassVar[tuple[str, ...]] = ("correlation", "authenticate", "scopes")

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        rules = owners(resources.contract)
        access = _Access(following)

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            caller = request.caller
            if caller is None or caller.customers is None:
                return following(request)
            operation = request.operation
            if operation.scopes == ():  # open to anyone
                return following(request)
            rule = rules.get(operation)
            if rule is None:
                raise Forbidden("This operation is not for callers that may see certain customers' objects only.")
            return access.restricted(request, rule, caller.customers)

        return handle


class _Access:
    """Lets requests on to the following handler, and answers back from it, when the object is one of the caller's."""

    def __init__(self, following: Handler) -> None:
        self._following = following

    async def restricted(self, request: GatewayRequest, rule: Owned, customers: frozenset[str]) -> GatewayResponse:
        """The answer, when it is about an object of one of these customers; raises NotFound or Forbidden otherwise."""
        if rule.query:
            _check_filter(request, rule.query, customers)
            return await self._following(request)
        if rule.safe and (rule.sources or not rule.asked):
            answer = await self._answer(request)
            if answer.status < 300:  # noqa: PLR2004 - a good answer
                await self._check(request, rule, _document(answer.body), customers)
            return answer
        await self._check(request, rule, _document(await request.body()) if rule.sources else None, customers)
        return await self._answer(request)

    async def _check(self, request: GatewayRequest, rule: Owned, document: Any, customers: frozenset[str]) -> None:
        """Raise NotFound unless the object is one of the customers'; `document` is the answer or the body."""
        if rule.asked:
            values = dict(request.path_values)
            for name, pointer in rule.sources.items():
                values[name] = _text(document, pointer)
            answer = await self._answer(_asking(request, rule.asked, values))
            if answer.status >= 300:  # noqa: PLR2004 - no good answer
                raise Unavailable("It cannot be told at present whose this is.", retry_after=1)
            document = _document(answer.body)
        if _text(document, rule.pointer) not in customers:
            raise _none()

    async def _answer(self, request: GatewayRequest) -> GatewayResponse:
        """What follows answers; that there is no such object is told in the same words as that it is another's."""
        try:
            answer = await self._following(request)
        except NotFound:
            raise _none() from None
        if 300 <= answer.status < 500 and answer.status not in _TOLD_AS_IT_IS:  # noqa: PLR2004 - the ranges of statuses
            raise _none()
        return answer


def _check_filter(request: GatewayRequest, name: str, customers: frozenset[str]) -> None:
    asked = parse_qs(request.query.decode("latin-1"), keep_blank_values=True).get(name, [])
    if not asked or not customers.issuperset(asked):
        raise Forbidden(f"Ask with {name}=…, which names a customer whose objects you may see.")


def _asking(request: GatewayRequest, path: str, values: Mapping[str, str]) -> GatewayRequest:
    """A request by the same caller for the object that tells whose it is."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    asking = GatewayRequest(
        method="GET",
        raw_path=path.encode(),
        query=b"",
        headers=[(b"accept", b"application/json")],
        receive=request.receive,
        address=request.address,
        contract=request.contract,
        scheme=request.scheme,
        http_version="1.1",
    )
    asking.caller, asking.context, asking.deadline = request.caller, request.context, request.deadline
    return asking


def _document(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _none() from None


def _text(document: Any, pointer: str) -> str:
    """The text at a JSON pointer; raises NotFound when there is none, since nobody can tell whose it is then."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document.get(key) if isinstance(document, dict) else None
    if not isinstance(document, str) or not document:
        raise _none()
    return document


def _none() -> NotFound:
    return NotFound("There is no such object, or it is another customer's.")
