"""Cutting the oldest rows off a journal, a slice at a time: each slice goes whole, with a checkpoint, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import msgspec

from venuekit.errors import JournalUnavailable
from venuekit.journal.chain import Chain
from venuekit.journal.queries import DAY_NS, FIELDS
from venuekit.journal.record import GENESIS, Stored
from venuekit.journal.walk import BEGINNING, seal_kept
from venuekit.model.codec import from_record, to_plain
from venuekit.model.times import iso
from venuekit.protocols.journal import Entry
from venuekit.protocols.retention import Checkpoint, Needs, Slice

Read = Callable[[str, Sequence[Any]], list[Any]]
#: Whether a row has an earlier and a later one of its kind, desk and subject. Kinds that nobody asks for again are
#: not looked for: the subject of a call is a tool's name, and stands in very many rows.
_SAME = (
    "e.subject = j.subject AND e.desk = j.desk AND (e.kind = j.kind "
    "OR (e.kind IN ('intent', 'order') AND j.kind IN ('intent', 'order')))"
)
_OTHERS = ", ".join(
    "CASE WHEN j.kind IN ('call', 'denied', 'reconcile', 'fill') THEN 0 "  # noqa: S608 - constants
    f"WHEN EXISTS (SELECT 1 FROM journal e WHERE {_SAME} AND e.sequence {side} j.sequence) THEN 1 ELSE 0 END"
    for side in "<>"
)
_SLICE = (
    f"SELECT {FIELDS}, {_OTHERS} FROM journal j "  # noqa: S608 - constants
    "WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"
)
_SET = "INSERT INTO checkpoint VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body"
_BODY = "SELECT body FROM checkpoint"
_PAGE = 5_000
_AT_ONCE = 500


def checkpoint(read: Read) -> Checkpoint | None:
    """The checkpoint as it stands beside the journal."""
    found = read(_BODY, ())
    return _checkpoint(found[0][0]) if found else None


def next_slice(read: Read, needs: Needs, *, to: int, most: int) -> Slice | None:
    """The next rows after the checkpoint, up to row `to`."""
    before = checkpoint(read)
    start = before or BEGINNING
    rows = read(_SLICE, (start.cut, to, most))
    if not rows:
        return None
    kept, kept_head = start.kept, start.kept_head
    gone: list[int] = []
    counts = Counter[tuple[str, str]]()
    for *fields, earlier, later in rows:
        row: Stored = (*fields,)
        if _stays(needs, row, earlier, later):
            kept, kept_head = kept + 1, _sealed(kept_head, row)
        else:
            gone.append(row[0])
            counts[iso(row[1] // DAY_NS * DAY_NS)[:10], row[2]] += 1
    last = rows[-1]
    after = Checkpoint(cut=last[0], head=last[7], kept=kept, kept_head=kept_head)
    return Slice(before=before, after=after, gone=gone, counts=_by_day(counts))


def next_sweep(read: Read, needs: Needs, *, most: int) -> Slice | None:
    """What was kept before the checkpoint, and is needed no more."""
    before = checkpoint(read)
    if before is None:
        return None
    kept, kept_head = 0, GENESIS
    gone: list[int] = []
    counts = Counter[tuple[str, str]]()
    for row, earlier, later in _kept(read, before.cut):
        if len(gone) >= most or _stays(needs, row, earlier, later):
            kept, kept_head = kept + 1, _sealed(kept_head, row)
        else:
            gone.append(row[0])
            counts[iso(row[1] // DAY_NS * DAY_NS)[:10], row[2]] += 1
    if not gone:
        return None
    after = attrs.evolve(before, kept=kept, kept_head=kept_head)
    return Slice(before=before, after=after, gone=gone, counts=_by_day(counts))


def seal(chain: Chain, cut: Slice, entry: Entry) -> bool:
    """Record the checkpoint, then remove the rows; in a transaction."""
    found = chain.execute(_BODY).fetchone()
    if (None if found is None else _checkpoint(found[0])) != cut.before:
        return False
    body = to_plain(cut.after)
    what = {"checkpoint": body, "removed": len(cut.gone), "counts": cut.counts}
    chain.insert([attrs.evolve(entry, body={**entry.body, **what})])
    chain.execute(_SET, (msgspec.json.encode(body).decode(),))
    for start in range(0, len(cut.gone), _AT_ONCE):
        some = cut.gone[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        if chain.execute(f"DELETE FROM journal WHERE sequence IN ({marks})", some).rowcount != len(some):  # noqa: S608
            raise JournalUnavailable("Rows that were to be pruned are gone already.", fix="Run: venuekit audit verify")
    return True


def _kept(read: Read, cut: int) -> Iterator[tuple[Stored, int, int]]:
    after = 0
    while True:
        rows = read(_SLICE, (after, cut, _PAGE))
        for *fields, earlier, later in rows:
            yield (*fields,), earlier, later
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _stays(needs: Needs, row: Stored, earlier: int, later: int) -> bool:
    sequence, time_ns, kind, desk, subject, *_ = row
    return needs.keeps(
        sequence=sequence,
        time_ns=time_ns,
        kind=kind,
        desk=desk,
        subject=subject,
        first=not earlier,
        last=not later,
    )


def _sealed(previous: str, row: Stored) -> str:
    return seal_kept(previous, row[:6], row[6].encode(), row[7])


def _by_day(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    days: dict[str, dict[str, int]] = {}
    for (day, kind), count in sorted(counts.items()):
        days.setdefault(day, {})[kind] = count
    return days


def _checkpoint(text: str) -> Checkpoint:
    try:
        return from_record(msgspec.json.decode(text), Checkpoint)
    except ValueError as error:
        raise JournalUnavailable(f"The store cannot be read: {error}.", fix="Run: venuekit audit verify") from error
