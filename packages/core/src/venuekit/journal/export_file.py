"""Files of exported rows: written whole, for their owner alone, and read again; compressed if their name ends so."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from venuekit.errors import ConfigError


def write(file: Path, lines: Iterable[str], *, resume_at: int | None = None) -> int:
    """Write the lines, and return when they are on the disk; how many they were.

    `resume_at` is the length in bytes of what is kept of a file that is there; otherwise none may be there.

    Raises:
        ConfigError: it cannot be written, or is there.
    """
    written = 0
    try:
        with ExitStack() as stack:
            mode = "xb" if resume_at is None else "r+b"
            raw = stack.enter_context(open(file, mode, opener=_for_the_owner))
            if resume_at is not None:
                raw.truncate(resume_at)
                raw.seek(resume_at)
            put = raw.write
            if file.suffix == ".gz":
                packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0)  # the same rows come to the same file
                stack.callback(packed.close)
                put = packed.write
            for line in lines:
                put(line.encode())
                written += 1
            if file.suffix == ".gz":
                packed.close()
            raw.flush()
            os.fsync(raw.fileno())
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}.", fix="Name a file that does not exist yet.", field="file"
        ) from error
    return written


def read(file: Path) -> Iterator[bytes]:
    """The lines of a file; of a compressed one that is damaged, an empty line is the last.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(file.open("rb"))
            yield from gzip.GzipFile(fileobj=raw, mode="rb") if file.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield b""  # no row: what follows is lost
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror or error}.",
            fix="Name a file that venuekit audit export or prune wrote.",
            field="file",
        ) from error


def sha256(file: Path) -> str:
    """The digest of the file as it is on the disk."""
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
