"""An account with orders of every kind, all that it remembers, and what a killed process leaves of it."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import attrs
from paper_kit import BUY, ETH, PERP, SELL, YES, Opener, bracket, limit, market, stop, stop_limit

from venuekit.adapter import (
    NANOS,
    FillQuery,
    Granularity,
    HistoryQuery,
    InstrumentStatus,
    OrderRequest,
    OrderStatus,
    TimeInForce,
)
from venuekit_paper.adapter import PaperVenue

D = Decimal


async def history(venue: PaperVenue) -> dict[str, object]:
    return {
        "orders": (await venue.order_history(HistoryQuery(limit=500))).items,
        "fills": (await venue.fills(FillQuery(limit=500))).items,
        "transfers": (await venue.transfers(limit=500)).items,
        "candles": [await venue.candles(i.id, Granularity.FIVE_MINUTES) for i in await venue.instruments()],
        "instruments": await venue.instruments(),
        "tickers": await venue.tickers([i.id for i in await venue.instruments()]),
        "hash": venue.journal_hash,
        "now": venue.now_ns(),
    }


async def trade_a_little(venue: PaperVenue) -> None:
    requests: list[OrderRequest] = [
        market(BUY, "1.5"),
        limit(BUY, "0.5", "59990"),
        limit(SELL, "2", "3300", instrument=ETH, time_in_force=TimeInForce.DAY),
        stop(SELL, "0.2", "50000"),
        bracket(SELL, "0.1", "70000", "50000"),
        market(SELL, "0.4", instrument=PERP),
        limit(SELL, "60", "0.9", instrument=YES),
        limit(BUY, "0.5", "50000", post_only=True),
        limit(BUY, "0.2", "50000", instrument=PERP, reduce_only=True),
        stop_limit(SELL, "0.1", "49000", "50000"),
        stop(BUY, "0.2", "70000", instrument=PERP),
        limit(BUY, "0.1", "40000", time_in_force=TimeInForce.GTD, expires_at_ns=venue.now_ns() + 100 * NANOS),
    ]
    await venue.mint(YES, D(100))
    for number, request in enumerate(requests):
        await venue.submit(attrs.evolve(request, client_order_id=f"known-{number}"))
    await venue.advance(90)
    ask = (await venue.order_book(ETH)).best_ask
    partly = await venue.submit(limit(BUY, ask.size + 9, ask.price, instrument=ETH, client_order_id="partly"))
    assert partly.status is OrderStatus.PARTIALLY_FILLED
    reached = await venue.submit(stop_limit(SELL, "0.1", "65000", "61000", client_order_id="reached"))
    assert reached.status is OrderStatus.OPEN
    await venue.set_status("SOL-USD", InstrumentStatus.HALTED)


def killed(opened: Opener, folder: Path) -> Opener:
    """Another folder with the account as a killed process leaves it."""
    folder.mkdir()
    for name in ("default.sqlite3", "default.sqlite3-wal"):
        if (opened.folder / name).exists():
            shutil.copy(opened.folder / name, folder / name)
    copy = Opener(folder, opened.clock)
    opened.also(copy)
    return copy
