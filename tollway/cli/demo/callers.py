"""The apps that call Tollway: each logs in at the gateway with its own client and its own scopes."""

from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import msgspec

from tollway.cli.patience import repeated
from tollway.issuer import client_secret
from tollway.problem_document import Problem
from tollway.problems import raised_by

T = TypeVar("T")


class Caller:
    """One OAuth client of the gateway."""

    def __init__(self, gateway: str, folder: Path, client: str, issuer: str = "") -> None:
        """`folder` is where the development issuer keeps the client's secret; `issuer` is its URL, if not `gateway`."""
        self._http = httpx.AsyncClient(base_url=gateway, timeout=60)
        self._credentials = (client, client_secret(folder, client))
        self._issuer = issuer or gateway
        self._token = ""

    async def get(self, path: str, answer: type[T]) -> T:
        """What is at `path`; raises the problem that the gateway answers."""
        return await self._call("GET", path, answer, None)

    async def post(self, path: str, answer: type[T], body: msgspec.Struct | None = None) -> T:
        """Post and read the answer; raises the problem that the gateway answers."""
        return await self._call("POST", path, answer, body)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, answer: type[T], body: Any) -> T:
        if not self._token:
            form = {"grant_type": "client_credentials"}
            response = await self._http.post(f"{self._issuer}/oauth2/token", data=form, auth=self._credentials)
            self._token = response.raise_for_status().json()["access_token"]
        headers = {"authorization": f"Bearer {self._token}"}
        if method == "POST":
            headers["idempotency-key"] = f'"{uuid4()}"'
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["content-type"] = "application/json"
        response = await repeated(lambda: self._http.request(method, path, headers=headers, content=content))
        if response.is_error:
            raise raised_by(msgspec.json.decode(response.content, type=Problem))
        return msgspec.json.decode(response.content, type=answer)
