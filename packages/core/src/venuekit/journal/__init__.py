"""Append-only memory: the hash-chained journal, and opening the store that keeps it."""

from __future__ import annotations

from pathlib import Path

from venuekit.errors import ConfigError
from venuekit.journal.audit_file import verify_file
from venuekit.journal.sqlite import SqliteStore
from venuekit.protocols.journal import Store
from venuekit.settings.address import shown

__all__ = ["SqliteStore", "open_store", "verify_file"]


def open_store(
    url: str, *, synchronous: str = "NORMAL", secrets: frozenset[str] = frozenset(), anchor: Path | None = None
) -> Store:
    """Open the store at `url`: ``sqlite:///PATH``, ``sqlite://`` for one in memory, or ``postgresql://...``.

    `secrets` are literal values that must never be written, wherever they stand. `anchor` is the file that remembers
    the chain's end; without it, it stands beside a file, and there is none for PostgreSQL.

    Raises:
        ConfigError: another kind of address, an unknown `synchronous`, or PostgreSQL's driver is not installed.
        JournalUnavailable: it cannot be opened.
    """
    if synchronous not in ("NORMAL", "FULL"):
        raise ConfigError(
            f"store.synchronous is {synchronous!r}; it must be NORMAL or FULL.", field="store.synchronous"
        )
    if url in ("sqlite://", "sqlite:///:memory:"):
        return SqliteStore(None, synchronous=synchronous, secrets=secrets)
    if url.startswith("postgresql://"):
        from venuekit.journal.postgres import PostgresStore  # noqa: PLC0415 - a file needs none of it

        return PostgresStore(url, synchronous=synchronous, secrets=secrets, anchor=anchor)
    scheme, found, path = url.partition(":///")
    if scheme != "sqlite" or not found or not path:
        raise ConfigError(
            f"store.url {shown(url)[:80]!r} is not an address of a store.",
            fix="Use sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/DATABASE.",
            field="store.url",
        )
    return SqliteStore(Path(path).expanduser(), synchronous=synchronous, secrets=secrets, anchor=anchor)
