"""A live book fed with changed levels, exact decimals, beside ccxt's book of floats."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from flow import book_updates
from peers import CCXT, measure
from report import Row, best_seconds

from venuekit import LiveBook
from venuekit.adapter import BookDelta, BookSnapshot, Level, OrderBook

COUNT, GROUP = 100_000, 10
NAME = "BTC-USD"


def _deltas() -> list[BookDelta]:
    """The updates as a stream brings them: some changed levels an event."""
    updates = [(side, Level(Decimal(price), Decimal(size))) for side, price, size in book_updates(COUNT)]
    return [
        BookDelta(
            venue="bench",
            instrument=NAME,
            time_ns=number,
            sequence=number // GROUP + 1,
            bids=[level for side, level in updates[number : number + GROUP] if side > 0],
            asks=[level for side, level in updates[number : number + GROUP] if side < 0],
        )
        for number in range(0, COUNT, GROUP)
    ]


def _apply(deltas: list[BookDelta]) -> None:
    book = LiveBook(NAME)
    empty = OrderBook(venue="bench", instrument=NAME, time_ns=0, bids=(), asks=(), sequence=0)
    book.apply(BookSnapshot(venue="bench", instrument=NAME, time_ns=0, sequence=0, book=empty))
    for delta in deltas:
        book.apply(delta)
    assert book.is_trusted


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """Changed levels a second."""
    deltas = _deltas()
    ours = COUNT / best_seconds(lambda: _apply(deltas))
    what, budget = "book updates from deltas, exact decimals", "≥ 1× ccxt's float book"
    figures = measure(CCXT, folder / "peers") if peers else "left out"
    if isinstance(figures, str):
        return [Row(what, f"{ours:,.0f}/s", "-", "-", budget, None, f"ccxt was not measured: {figures}")]
    ratio = ours / figures["per_second"]
    return [Row(what, f"{ours:,.0f}/s", f"ccxt {figures['per_second']:,.0f}/s", f"{ratio:.2f}×", budget, ratio >= 1)]
