"""The archive: a tar file whose first member says what the others are, and how they are known to be whole."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from tollway.backup.manifest import FORMAT, NAME, Manifest, Part
from tollway.problems import StartupError

BLOCK = 1 << 20
_LARGEST_MANIFEST = 16 << 20


def described(file: Path, table: str = "", columns: list[str] | None = None) -> Part:
    """The part that a file will be, under its own name."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            digest.update(block)
    size = file.stat().st_size
    return Part(name=file.name, sha256=digest.hexdigest(), bytes=size, table=table, columns=columns or [])


def write(archive: Path, manifest: Manifest, folder: Path) -> None:
    """Make the archive of the parts in `folder`; it has its name once it is complete, and its owner alone reads it."""
    unfinished = folder / "archive"
    told = folder / NAME
    told.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name in (NAME, *(part.name for part in manifest.parts)):
                tar.add(folder / name, arcname=name)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, archive)  # unlike a renaming, it never takes the place of an earlier backup
    except FileExistsError:
        raise StartupError(f"There is a file {archive} already.") from None


@contextmanager
def opened(archive: Path) -> Iterator["Archive"]:
    """An archive to be read until the block ends; raises StartupError for what is none."""
    try:
        with tarfile.open(archive, "r:") as tar:
            yield Archive(archive, tar)
    except (tarfile.TarError, EOFError) as error:
        raise damaged(archive, str(error)) from error
    except OSError as error:
        raise StartupError(f"{archive} cannot be read: {error.strerror or error}.") from error


class Archive:
    """An archive that was opened."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path = path
        self._tar = tar
        self.manifest = self._manifest()

    def verify(self) -> None:
        """Raise StartupError unless every part is what was written."""
        for part in self.manifest.parts:
            digest, size = hashlib.sha256(), 0
            with self.part(part) as file:
                while block := file.read(BLOCK):
                    digest.update(block)
                    size += len(block)
            if (digest.hexdigest(), size) != (part.sha256, part.bytes):
                raise damaged(self._path, f"{part.name} is not what was written")

    def part(self, part: Part) -> IO[bytes]:
        """The content of a part."""
        return self._member(part.name)

    def _manifest(self) -> Manifest:
        with self._member(NAME) as file:
            text = file.read(_LARGEST_MANIFEST)
        try:
            if (told := msgspec.json.decode(text, type=_Format).format) != FORMAT:
                raise StartupError(f"{self._path} has format {told}, and this release reads format {FORMAT} only.")
            return msgspec.json.decode(text, type=Manifest)
        except msgspec.DecodeError as error:
            raise damaged(self._path, f"its {NAME} cannot be read: {error}") from error

    def _member(self, name: str) -> IO[bytes]:
        try:
            file = self._tar.extractfile(name)
        except KeyError:
            file = None
        if file is None:
            raise damaged(self._path, f"{name} is missing")
        return file


class _Format(msgspec.Struct):
    format: int


def damaged(archive: Path, why: str) -> StartupError:
    """The archive cannot be used."""
    return StartupError(f"{archive} is damaged or no backup of Tollway: {why}.")
