"""Serve an ASGI application on a real socket inside the running event loop."""

import asyncio
import datetime as dt
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from litestar.types import ASGIApp

from tollway.http.ports import bound
from tollway.problems import StartupError

KEEP_ALIVE_SECONDS = 75
"""Longer than clients pause between two polls; at uvicorn's 5 a poll every 5 seconds meets a connection just closed."""


class Address(msgspec.Struct, frozen=True):
    """Where a served application answers."""

    host: str
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


@asynccontextmanager
async def serve(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[Address]:
    """Serve `app` until the block ends; port 0 takes a free one, `certificate` is (certificate, key) for TLS.

    Raises StartupError, naming the setting to change, when the port is taken.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ssl_certfile=str(certificate[0]) if certificate else None,
        ssl_keyfile=str(certificate[1]) if certificate else None,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 - serve() would take over the signals
    try:
        while not server.started:
            if task.done():
                task.result()
                raise StartupError(f"The service on port {port} stopped while it started.")
            await asyncio.sleep(0.01)
        yield Address(host, listener.getsockname()[1], tls=certificate is not None)
    finally:
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    listener = bound(host, port)
    listener.listen(1024)
    listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return listener


def kept_certificate(folder: Path) -> tuple[Path, Path]:
    """The certificate that sandboxes sharing `folder` are all trusted by, and its key; made when missing or over."""
    paths = (folder / "sandbox.crt", folder / "sandbox.key")
    if all(path.exists() for path in paths):
        certificate = x509.load_pem_x509_certificate(paths[0].read_bytes())
        if certificate.not_valid_after_utc > dt.datetime.now(dt.UTC):
            return paths
    return generate_certificate(folder)


def generate_certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a self-signed certificate and its key for `host` and localhost, valid for a year, and return both paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tollway sandbox")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(host))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "sandbox.crt", folder / "sandbox.key")
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    paths[1].chmod(0o600)
    return paths
