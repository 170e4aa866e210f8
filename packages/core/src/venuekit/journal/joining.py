"""Whether an export is of this store: its end must be a row, or the checkpoint, that the store's chain knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from venuekit.journal.export import verify_lines
from venuekit.journal.rows import every
from venuekit.protocols.journal import EntryKind, Row, RowQuery, Store
from venuekit.protocols.retention import Verification


@attrs.frozen
class Joint:
    """The proof of the export, and where it joins the store; empty when it is another's."""

    verified: Verification
    where: str = ""


def joined(store: Store, lines: Iterable[bytes], *, expected_head: str | None = None) -> Joint:
    """Prove the export; a row that the store still has must be the one in the export.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    theirs = _Beside(every(store, RowQuery()))
    result = verify_lines(lines, expected_head=expected_head, visit=theirs.differs)
    if not result.ok:
        return Joint(result)
    where = _where(store, result)
    if where and theirs.problem:
        return Joint(attrs.evolve(result, ok=False, problem=theirs.problem, sequence=theirs.row))
    return Joint(result, where)


class _Beside:
    """The store's rows beside those of the file, both from the oldest on."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next: Row | None = next(rows, None)
        self.problem, self.row = "", 0

    def differs(self, sequence: int, digest: str) -> str:
        """Note the first row of the store that the export has otherwise, or not at all; the file itself is right."""
        while self._next is not None and self._next.sequence <= sequence and not self.problem:
            mine = self._next
            if mine.sequence == sequence and mine.digest != digest:
                self.problem, self.row = f"row {sequence} in the store is not the one that was exported", sequence
            self._next = next(self._rows, None)
        return ""


def _where(store: Store, result: Verification) -> str:
    for row in store.rows(RowQuery(kinds=(EntryKind.CONTROL,), subject="prune", limit=10_000)):
        sealed = row.body.get("checkpoint") or {}
        if (sealed.get("cut"), sealed.get("head")) == (result.rows, result.head):
            return f"its end is the cut that row {row.sequence} of the store seals"
    found = store.rows(RowQuery(after_sequence=result.rows - 1, before_sequence=result.rows + 1, limit=1))
    if found and found[0].digest == result.head:
        return f"its end is row {result.rows} of the store"
    return ""
