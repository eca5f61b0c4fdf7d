"""The placements that are compared: gateway and service in one process, and proxies before the same service."""

import sys
from collections.abc import Callable, Mapping

import msgspec

from bench.gateway import stack, workers
from bench.gateway.apps import Application
from bench.gateway.invoices import INVOICES
from bench.gateway.peers import PEERS, Peer, Upstream
from bench.gateway.postgres import Store
from bench.gateway.processes import CORES, Processes, found, free_port
from bench.gateway.valkey import Counter
from bench.gateway.workers import ROOT
from bench.gateway.workspace import AUDIENCE, CONTRACT, ISSUER, Workspace

BOTH = ("GET", "POST")


class Placement(msgspec.Struct, frozen=True):
    """Something that answers the two operations."""

    name: str
    words: str
    port: int
    processes: tuple[int, ...]
    """The servers whose processor time counts, each with its children."""
    headers: Callable[[], Mapping[str, str]]
    """What a caller sends, made anew for every load."""
    methods: tuple[str, ...] = BOTH
    """What is measured of it."""
    asks: bool = False
    """Whether it asks for an access token."""
    keyed: bool = False
    """Whether each POST has an idempotency key of its own."""

    @property
    def invoices(self) -> str:
        """The URL that takes invoices."""
        return f"http://127.0.0.1:{self.port}{INVOICES}"


class Placements:
    """Starts the servers of one run."""

    def __init__(self, workspace: Workspace, processes: Processes, counter: Counter) -> None:
        self._workspace = workspace
        self._processes = processes
        self._counter = counter
        self._service = free_port()
        self._service_process = workers.start(
            processes, "service", Application(folder=str(workspace.folder)), self._service
        )

    def durable(self, store: Store) -> Placement:
        """The gateway that keeps answers and an audit of what it is asked to change."""
        policies = stack.durable(stack.POLICIES)
        made = self.gateway("durable", "gateway with service, idempotency and audit", policies=policies, store=store)
        return msgspec.structs.replace(made, methods=("POST",), keyed=True)

    def traced(self) -> Placement:
        """The gateway that records a span of every request and sends it off."""
        port = free_port()
        self._processes.start("collector", port, (sys.executable, "-m", "bench.gateway.collector", str(port)), cwd=ROOT)
        made = self.gateway(
            "traced", "gateway with service, every request traced", collector=f"http://127.0.0.1:{port}"
        )
        return msgspec.structs.replace(made, methods=("GET",))

    def all(self) -> tuple[list[Placement], list[str]]:
        """Every placement, and a line for each peer that is not installed."""
        service = Placement(
            "service", "the service bare", self._service, (self._service_process,), self._workspace.signed
        )
        made = [self.gateway("gateway", "gateway with the service in its process"),
                self.gateway("network", "gateway, network, service", network=True), self.traced(), service]  # fmt: skip
        skipped = []
        for peer in PEERS:
            program = found(peer.program)
            if program is None:
                skipped.append(f"{peer.words} is left out: {peer.program} is not installed ({peer.hint}).")
            else:
                made.append(self.peer(peer, program))
        return made, skipped

    def gateway(
        self,
        name: str,
        words: str,
        *,
        policies: stack.Policies = stack.POLICIES,
        network: bool = False,
        store: Store | None = None,
        collector: str = "",
    ) -> Placement:
        """The gateway, with the service in its process or over the network."""
        routes = self._workspace.routes(name, stack.product(policies, CONTRACT))
        application = Application(
            folder=str(self._workspace.folder),
            routes=str(routes),
            service_url=f"http://127.0.0.1:{self._service}" if network else "",
            redis_url=self._counter.url,
            storage_url=store.url if store else "",
            collector_url=collector,
        )
        port = free_port()
        process = workers.start(self._processes, name, application, port)
        counted = [process, *self._counter.processes, *(store.processes if store else ())]
        if network:
            counted.append(self._service_process)
        return Placement(name, words, port, tuple(counted), self._workspace.bearer, asks=True)

    def peer(self, peer: Peer, program: str, name: str = "") -> Placement:
        """A proxy before the service."""
        name = name or peer.name
        upstream = Upstream(
            folder=self._workspace.folder, port=free_port(), service=self._service, threads=CORES,
            jwks=self._workspace.jwks, issuer=ISSUER, audience=AUDIENCE,
        )  # fmt: skip
        process = self._processes.start(name, upstream.port, peer.command(program, upstream))
        headers = self._both if peer.asks else self._workspace.signed
        return Placement(
            name, peer.words, upstream.port, (process, self._service_process), headers, peer.methods, asks=peer.asks
        )

    def end(self, placement: Placement) -> None:
        """End what was started for this placement alone."""
        self._processes.end(placement.name)

    def _both(self) -> Mapping[str, str]:
        return self._workspace.bearer() | self._workspace.signed()
