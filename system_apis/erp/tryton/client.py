"""Tryton's JSON-RPC: one session, calls in a company, warnings, and the wizards that pay and credit."""

import asyncio
import base64
import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from system_apis.erp.tryton.codec import encode
from system_apis.erp.tryton.errors import LOGIN_SECONDS, SessionExpired, WarningRaised, result
from system_apis.erp.tryton.settings import TrytonSettings
from tollway.http.platforms import PlatformClient
from tollway.problems import ProblemError, Rejected, Unavailable

READS = frozenset({"read", "search", "search_read", "search_count", "on_change", "login", "version"})
"""The last parts of methods that change nothing, so that one without an answer may simply be repeated."""
MOST_WARNINGS = 20
"""How many warnings of one call are skipped before it counts as refused."""


class TrytonClient:
    """Calls methods of one Tryton database as one user."""

    def __init__(self, settings: TrytonSettings, http: PlatformClient) -> None:
        self._settings = settings
        self._http = http
        self._ids = itertools.count(1)
        self._authorization = ""
        self._login = asyncio.Lock()
        self._companies: dict[str, int] = {}
        self._posting: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def call(
        self,
        method: str,
        *params: Any,
        company: int | None = None,
        context: Mapping[str, Any] | None = None,
        skip_warnings: Collection[str] = (),
    ) -> Any:
        """Call `model.<model>.<method>` and return its result.

        `company` is the id of the company that the call works in. `context` adds to Tryton's context, such as
        `_timestamp` to refuse a write over a change of somebody else. Warnings whose name is in `skip_warnings`
        are confirmed, others raise Rejected. Other refusals raise Rejected in Tryton's words, a stale write
        Conflict, contention Throttled: nothing happened. A write without an answer raises UnknownOutcome.
        """
        whole = {**({} if company is None else {"company": company}), **(context or {})}
        for skipped in itertools.count():
            try:
                return await self._ask(method, [*params, whole])
            except WarningRaised as warning:
                if warning.name not in skip_warnings or skipped == MOST_WARNINGS:
                    raise Rejected(f"Tryton asks for confirmation: {warning}") from warning
                await self._ask("model.res.user.warning.skip", [warning.key, False, {}])
        raise AssertionError("the loop ends by its return")

    async def version(self) -> str:
        """The series of Tryton, such as `8.2`; asking needs no login."""
        return str(await self._send("common.server.version", [], "", path="/rpc/"))

    async def company(self, legal_entity: str) -> int:
        """The id of a legal entity's company; raises Unavailable until settings and Tryton agree on its name."""
        if legal_entity not in self._companies:
            name = self._settings.legal_entities.get(legal_entity, "")
            found = await self.call("model.company.company.search", [("party.name", "=", name)], 0, 2, None)
            if len(found) != 1:
                reason = f"Tryton has {len(found)} companies named {name!r} for the legal entity {legal_entity}."
                raise Unavailable(reason, retry_after=LOGIN_SECONDS)
            self._companies[legal_entity] = found[0]
        return self._companies[legal_entity]

    async def post(self, invoices: list[int], company: int, skip_warnings: Collection[str] = ()) -> None:
        """Post draft invoices, one call per company at a time: their gapless numbers are given one by one anyway."""
        async with self._posting[company]:
            await self.call("model.account.invoice.post", invoices, company=company, skip_warnings=skip_warnings)

    async def pay(
        self, invoice: int, amount: Decimal, method: int, date: dt.date, *, company: int, description: str = ""
    ) -> None:
        """Book a payment of a posted invoice, in its currency, by the payment method with this id; may be partial."""
        start = {"amount": amount, "payment_method": method, "date": date, "description": description or None}
        async with self._posting[company]:
            await self.wizard(
                "account.invoice.pay",
                ("account.invoice", invoice),
                {"start": start},
                {"start": "choice", "ask": "pay"},
                company=company,
            )

    async def credit(self, invoice: int, date: dt.date, *, company: int) -> int:
        """Cancel an unpaid posted invoice by a posted credit note, or draft a credit note of a paid one; its id."""
        async with self._posting[company]:
            actions = await self.wizard(
                "account.invoice.credit",
                ("account.invoice", invoice),
                {"start": {"invoice_date": date}},
                {"start": "credit"},
                company=company,
            )
        return int(actions[0][1]["res_id"][0])

    async def wizard(
        self,
        name: str,
        record: tuple[str, int],
        forms: Mapping[str, Mapping[str, Any]],
        buttons: Mapping[str, str],
        *,
        company: int,
    ) -> list[Any]:
        """Click through a wizard on a record, given as its model and id, and return the actions it ends with.

        `forms` has the values to enter over the defaults of each form, `buttons` the state that each form goes on to.
        """
        model, number = record
        context = {"active_model": model, "active_id": number, "active_ids": [number]}
        session, state, _ = await self.call(f"wizard.{name}.create", company=company)
        entered: dict[str, dict[str, Any]] = {}
        try:
            while True:
                answer = await self.call(
                    f"wizard.{name}.execute", session, entered, state, company=company, context=context
                )
                if "view" not in answer:
                    return list(answer.get("actions", []))
                form, defaults = answer["view"]["state"], answer["view"]["defaults"]
                # "payee." beside "payee" describes the record to a person; it is no field.
                given = {field: value for field, value in defaults.items() if not field.endswith(".")}
                entered[form], state = given | dict(forms.get(form, {})), buttons[form]
        finally:
            with suppress(ProblemError):  # what is left over is of no consequence, and Tryton clears it in time
                await self.call(f"wizard.{name}.delete", session)

    async def _ask(self, method: str, params: list[Any]) -> Any:
        used = self._authorization or await self._log_in("")
        try:
            return await self._send(method, params, used)
        except SessionExpired:
            return await self._send_again(method, params, await self._log_in(used))

    async def _send_again(self, method: str, params: list[Any], authorization: str) -> Any:
        try:
            return await self._send(method, params, authorization)
        except SessionExpired:
            raise Unavailable(f"Tryton does not keep the session it gave, at {method}.", retry_after=1) from None

    async def _log_in(self, stale: str) -> str:
        """The authorization of a session other than the stale one; calls that wait together log in once."""
        async with self._login:
            if self._authorization == stale:
                self._authorization = ""
                user, password = self._settings.user, {"password": self._settings.password}
                try:
                    uid, token, *_ = await self._send("common.db.login", [user, password], "")
                except SessionExpired:
                    reason = f"Tryton refuses the login of {user}; check the settings."
                    raise Unavailable(reason, retry_after=LOGIN_SECONDS) from None
                session = base64.b64encode(f"{user}:{uid}:{token}".encode()).decode()
                self._authorization = f"Session {session}"
            return self._authorization

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def _send(self, method: str, params: list[Any], authorization: str, path: str = "") -> Any:
        reads = method.rpartition(".")[2] in READS
        headers = {"content-type": "application/json"}
        if authorization:
            headers["authorization"] = authorization
        answer = await self._http.send(
            "POST",
            path or f"/{self._settings.database}/rpc/",
            repeatable=reads,
            content=encode({"id": next(self._ids), "method": method, "params": params}),
            headers=headers,
        )
        return result(answer, method, reads=reads)
