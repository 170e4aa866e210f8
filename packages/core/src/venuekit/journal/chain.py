"""What a transaction can do, whichever database keeps the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from venuekit.protocols.journal import Entry


class Cursor(Protocol):
    """The part of a database's cursor that is needed here."""

    @property
    def rowcount(self) -> int:
        """How many rows a change touched."""
        ...

    def fetchone(self) -> Any:
        """The next row found, or None."""
        ...

    def fetchall(self) -> Any:
        """The rows found that were not fetched yet."""
        ...


class Chain(Protocol):
    """The end of the chain, inside a transaction that nobody else writes beside."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement; ``?`` stands for a value."""
        ...

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        """Add entries at the end; their sequence numbers."""
        ...
