"""Ingress put together: the inbox, and what takes notices out of it and polls platforms for more."""

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence

from process_apis.ingress.service import NoticeIngress
from tollway.background import Background
from tollway.cases import Cases
from tollway.ingress.changes import Handle, keeping, keeping_events
from tollway.ingress.drainer import Drainer, Handler
from tollway.ingress.inbox import Inbox
from tollway.ingress.schemes import SCHEMES
from tollway.ingress.subscriber import Listen, Resync, Subscriber
from tollway.ingress.sweeper import sweeping
from tollway.polling import Poller, Read
from tollway.settings import Settings
from tollway.storage import Database
from tollway.storage.leases import Leases


class IngressParts:
    """The ingress of one worker, over one database."""

    def __init__(self, settings: Settings, database: Database, cases: Cases) -> None:
        self._settings = settings
        self._database = database
        self._cases = cases
        self._leases = Leases(database, secrets.token_hex(8))
        self.inbox = Inbox(database)

    def port(self) -> NoticeIngress:
        """What the handlers of the ingress service depend on."""
        return NoticeIngress(self.inbox, self._cases)

    def polled(
        self, service: str, kind: str, what: str, reads: Mapping[str, Read], handler: Handler
    ) -> Sequence[Background]:
        """What looks for changes, each read under the name of its cursor, and takes what was found or told."""
        keep, drainer = keeping(self.inbox, kind, what), self._drainer(service, [kind], {(kind, what): handler})
        return [*(self._poller(name, read, keep) for name, read in reads.items()), drainer]

    def subscribed(self, kind: str, what: str, name: str, listen: Listen, read: Read) -> Background:
        """What takes changes as a platform tells of them, and asks by `read` for what it did not tell."""
        overlap = dt.timedelta(seconds=self._settings.polling.overlap_seconds)
        resync = Resync(read, keeping(self.inbox, kind, what), overlap)
        keep = keeping_events(self.inbox, kind, what)
        return Subscriber(name, listen, keep, resync, self._database, self._leases, self._cases)

    def background(self) -> Sequence[Background]:
        """What the ingress service does beside answering: no platform's webhooks have handlers yet."""
        return [self._drainer("ingress", list(SCHEMES), {}), sweeping(self._database)]

    def _drainer(self, name: str, kinds: Sequence[str], handlers: Mapping[tuple[str, str], Handler]) -> Drainer:
        return Drainer(name, self.inbox, self._database, self._cases, kinds, handlers)

    def _poller(self, name: str, read: Read, keep: Handle) -> Poller:
        return Poller(name, read, keep, self._database, self._settings.polling, self._leases, self._cases)
