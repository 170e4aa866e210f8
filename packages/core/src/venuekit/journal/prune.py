"""A prune from beginning to end: slice after slice, each with its checkpoint, while desks go on beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from venuekit.errors import StoreInUse
from venuekit.journal.retention import needs_of
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store
from venuekit.protocols.retention import Slice

#: How many rows go in one commit: a desk that wants to write waits that long at most, some tens of milliseconds.
SLICE = 10_000
#: How long others have their turn between two.
PAUSE_SECONDS = 0.05


@attrs.frozen(kw_only=True)
class Pruned:
    """What a prune came to: rows up to `cut` are gone but for `kept`; `removed` by kind, in so many commits."""

    cut: int
    kept: int
    removed: Mapping[str, int]
    checkpoints: int


def last_before(store: Store, before_ns: int) -> int:
    """The row before the first that is not older than `before_ns`: the cut is at a row, also where a clock was set.

    0 when there is nothing that may go.
    """
    newer = store.rows(RowQuery(start_ns=before_ns, newest_first=False, limit=1))
    if newer:
        return newer[0].sequence - 1
    last = store.rows(RowQuery(limit=1))
    return last[0].sequence if last else 0


async def prune(
    store: Store,
    *,
    to: int,
    by: str,
    source: str,
    export: Mapping[str, Any] | None,
    clock: Clock,
    most: int = SLICE,
) -> Pruned:
    """Remove what no desk needs of the rows up to `to`. What was sealed stays sealed if this is broken off.

    Raises:
        StoreInUse: another prune is under way. JournalUnavailable: the store cannot be written.
    """
    needs = needs_of(store)
    removed: Counter[str] = Counter()
    checkpoints = 0

    async def take(next_one: Callable[[], Slice | None]) -> None:
        nonlocal checkpoints
        while (cut := next_one()) is not None:
            body = {"action": "prune", "by": by, "source": source, "export": export}
            entry = Entry(
                kind=EntryKind.CONTROL, desk="", subject="prune", agent_id=by, body=body, time_ns=clock.now_ns()
            )
            if not await store.seal(cut, entry):
                raise StoreInUse("Another prune of this store is under way.", fix="Wait until it is done.")
            checkpoints += 1
            for kinds in cut.counts.values():
                removed.update(kinds)
            await clock.sleep(PAUSE_SECONDS)

    await take(lambda: store.slice(needs, to=to, most=most))
    await take(lambda: store.sweep(needs, most=most))
    newest = store.checkpoint()
    return Pruned(
        cut=newest.cut if newest else 0,
        kept=newest.kept if newest else 0,
        removed=dict(sorted(removed.items())),
        checkpoints=checkpoints,
    )
