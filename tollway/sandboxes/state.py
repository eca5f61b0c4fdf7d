"""A sandbox's records: JSON documents in memory, committed to a SQLite file before an answer leaves."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

Document = dict[str, Any]


class State:
    """Documents by (kind, key), written through to `path`; without a path they live in memory only.

    Reads come from memory. Changes made inside one `transaction()` reach the disk together or, when the block
    raises, not at all; a change outside of one is a transaction of its own.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key))"
        )
        self._documents: dict[str, dict[str, Document]] = {}
        self._depth = 0
        self._undo: list[tuple[str, str, Document | None]] = []
        for kind, key, body in self._db.execute("SELECT kind, key, body FROM documents ORDER BY rowid"):
            self._documents.setdefault(kind, {})[key] = msgspec.json.decode(body)

    def get(self, kind: str, key: str) -> Document | None:
        """The document, not to be changed in place; None when there is none."""
        return self._documents.get(kind, {}).get(key)

    def all(self, kind: str) -> Mapping[str, Document]:
        """Every document of a kind by key, in the order of creation."""
        return self._documents.get(kind, {})

    def put(self, kind: str, key: str, document: Document) -> None:
        """Create or replace a document."""
        with self.transaction():
            kept = self._documents.setdefault(kind, {})
            self._undo.append((kind, key, kept.get(key)))
            kept[key] = document
            self._db.execute(
                "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (kind, key, msgspec.json.encode(document)),
            )

    def delete(self, kind: str, key: str) -> None:
        """Remove a document that exists; raises KeyError when it does not."""
        with self.transaction():
            self._undo.append((kind, key, self._documents.get(kind, {}).pop(key)))
            self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def next_number(self, name: str, start: int = 1) -> int:
        """The next number of a named sequence, which survives restarts."""
        with self.transaction():
            number = (self.get("_sequence", name) or {"next": start})["next"]
            self.put("_sequence", name, {"next": number + 1})
        return int(number)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes inside take effect together; nests. Never hold one across an `await`."""
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
            self._undo.clear()
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("ROLLBACK")
                self._restore()
            raise
        self._depth -= 1
        if self._depth == 0:
            self._db.execute("COMMIT")

    def _restore(self) -> None:
        for kind, key, before in reversed(self._undo):
            if before is None:
                self._documents.get(kind, {}).pop(key, None)
            else:
                self._documents[kind][key] = before
        self._undo.clear()

    def close(self) -> None:
        """Release the file."""
        self._db.close()
