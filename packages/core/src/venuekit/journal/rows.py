"""All rows of a range, a page at a time, so that memory stays as it is however long the range."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from venuekit.journal.walk import BEGINNING
from venuekit.protocols.journal import Row, RowQuery, Store
from venuekit.protocols.retention import Checkpoint

_PAGE = 1000


def every(store: Store, query: RowQuery, *, newest_first: bool = False) -> Iterator[Row]:
    """Each row that matches, oldest first or newest first; the query's limit and order do not count.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    while True:
        page = store.rows(attrs.evolve(query, newest_first=newest_first, limit=_PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        at = page[-1].sequence
        query = attrs.evolve(query, before_sequence=at) if newest_first else attrs.evolve(query, after_sequence=at)


def start_of(store: Store, first: int) -> Checkpoint:
    """From where rows that begin with number `first` are proved: the row before it, or the checkpoint.

    Before the checkpoint there are only the rows that were left there, which are proved together: then `first` is 1.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    newest = store.checkpoint() or BEGINNING
    if first <= newest.cut or newest.cut == 0 == first - 1:
        return newest
    if first == newest.cut + 1:
        return attrs.evolve(newest, kept=0, kept_head=BEGINNING.kept_head)
    (before,) = store.rows(RowQuery(after_sequence=first - 2, before_sequence=first, limit=1))
    return Checkpoint(cut=before.sequence, head=before.digest, kept=0, kept_head=BEGINNING.kept_head)
