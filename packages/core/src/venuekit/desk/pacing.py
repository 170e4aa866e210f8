"""Telling that the venue was called too often: an event and a row when a budget is cut, and when it is whole again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from venuekit.desk.recorder import Recorder
from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import EntryKind, RowQuery, Store
from venuekit.protocols.limiter import Limiter, PaceState

SLOWED = "pace_slowed"
RECOVERED = "pace_recovered"
#: More than there are changes of pace within the time in which one counts.
_ROWS = 500


async def tell(limiter: Limiter, recorder: Recorder, clock: Clock) -> None:
    """Record and publish what has changed since the last look.

    Raises:
        JournalUnavailable: it could not be recorded.
    """
    for state in limiter.changes():
        now = clock.now_ns()
        body = {
            "share": f"{state.share:.2f}",
            "stopped_until_ns": now + int(state.stopped_seconds * NANOS),
            "recovers_ns": now + int(state.recovers_seconds * NANOS),
        }
        kind = SLOWED if state.share < 1 else RECOVERED
        message = _message(state)
        event = recorder.about(kind, message, state.endpoint)
        await recorder.desk_event(event, EntryKind.CONTROL, {"message": message, **body})


def _message(state: PaceState) -> str:
    if state.share >= 1:
        return f"Calls of class {state.endpoint} go at the whole rate again."
    stop = f"none goes for {state.stopped_seconds:.1f} s, then" if state.stopped_seconds else "they go"
    return (
        f"The venue said that calls of class {state.endpoint} are too many: {stop} at {state.share:.0%} of the rate; "
        f"the whole in {state.recovers_seconds:.0f} s if it says no more."
    )


def slowed(store: Store, desk: str, now_ns: int, since_ns: int) -> Iterator[dict[str, Any]]:
    """Budgets of a desk that are cut now, by what it recorded since a moment; for other processes."""
    query = RowQuery(desk=desk, kinds=(EntryKind.CONTROL,), start_ns=since_ns, limit=_ROWS)
    known = set[str]()
    for row in store.rows(query):
        if row.body.get("event") not in (SLOWED, RECOVERED) or row.subject in known:
            continue
        known.add(row.subject)
        if row.body["event"] == SLOWED and row.body["recovers_ns"] > now_ns:
            told = ("share", "stopped_until_ns", "recovers_ns")
            yield {"endpoint": row.subject, **{name: row.body[name] for name in told}}


def in_words(cuts: Sequence[dict[str, Any]], now_ns: int) -> Iterator[str]:
    """`slowed` for people."""
    for cut in cuts:
        left = (cut["stopped_until_ns"] - now_ns) / NANOS
        stop = f"stopped for {left:.1f} s, " if left > 0 else ""
        yield (
            f"{cut['endpoint']} calls: {stop}cut to {float(cut['share']):.0%} since the venue said they were too many; "
            f"whole in {(cut['recovers_ns'] - now_ns) / NANOS:.0f} s"
        )
