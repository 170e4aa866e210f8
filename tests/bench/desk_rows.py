"""A whole order on the paper exchange, durable before the answer: one caller, and sixty-four."""

from __future__ import annotations

import asyncio
import sys
import time
from decimal import Decimal
from pathlib import Path

from peers import PEERS, measure
from report import Row, median_us

from venuekit import LimitOrder, Side, open_desk
from venuekit.errors import ConfigError

sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "kit"))
from postgres_server import running

D = Decimal
OPTIONS = {"pace": "manual"}


def _order(n: int) -> LimitOrder:
    return LimitOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.0001"), price=D(50_000) + D(n % 900) / 100)


async def _one(folder: Path, *, persist: bool, count: int = 1_500, store: str = "") -> float:
    environ = {
        "VENUEKIT__DESK__DATA_DIR": str(folder),
        "VENUEKIT__STORE__URL": store,
        "VENUEKIT__RISK__MAX_OPEN_ORDERS": "1000000",
        "VENUEKIT__RECONCILE__EVERY_SECONDS": "0",
    }
    samples = []
    batch = 100
    async with open_desk("paper", environ=environ, venue_options={**OPTIONS, "persist": persist}) as desk:
        for _ in range(count // batch):
            requests = [_order(n) for n in range(batch)]
            start = time.perf_counter()
            for request in requests:
                await desk.submit(request)
            await asyncio.sleep(0)  # what the exchange's own stream tells of them is part of their cost
            samples.append((time.perf_counter() - start) / batch)
            await desk.cancel_all()
    return median_us(samples[1:])


async def _many(folder: Path, callers: int = 64, each: int = 60) -> float:
    environ = {
        "VENUEKIT__DESK__DATA_DIR": str(folder),
        "VENUEKIT__STORE__SYNCHRONOUS": "FULL",
        "VENUEKIT__RISK__MAX_OPEN_ORDERS": "1000000",
        "VENUEKIT__RECONCILE__EVERY_SECONDS": "0",
    }
    async with open_desk("paper", environ=environ, venue_options={**OPTIONS, "persist": False}) as desk:

        async def caller(number: int) -> None:
            for n in range(each):
                await desk.submit(_order(number * each + n))

        start = time.perf_counter()
        await asyncio.gather(*(caller(n) for n in range(callers)))
        return callers * each / (time.perf_counter() - start)


def _on_postgres(folder: Path, file: float) -> Row:
    """The same on a PostgreSQL of the benchmark's own, on this machine, where there is one."""
    what = "desk.submit, journal on PostgreSQL on the same machine, fsync on, one caller"
    try:
        with running() as server:
            shared = asyncio.run(_one(folder / "shared", persist=False, count=600, store=server.url()))
    except (LookupError, ConfigError) as missing:
        return Row(what, "not measured", "-", "-", "-", None, str(missing))
    return Row(what, f"{shared:.0f} µs", f"SQLite (NORMAL) {file:.0f} µs", f"{shared / file:.1f}×", "-", None)


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """`desk.submit`, with nautilus_trader beside it, which keeps nothing durable."""
    memory = asyncio.run(_one(folder / "one", persist=False))
    disk = asyncio.run(_one(folder / "both", persist=True))
    many = asyncio.run(_many(folder / "many"))
    beside, ratio, note = "-", "-", ""
    if peers:
        figures = measure(next(p for p in PEERS if p.name == "nautilus_trader"), folder / "peers")
        if isinstance(figures, str):
            note = f"nautilus_trader was not measured: {figures}"
        else:
            theirs = 1e6 / figures["limit_per_second"]
            beside, ratio = f"nautilus_trader {theirs:.0f} µs, nothing durable", f"{memory / theirs:.2f}×"
    return [
        Row(
            "desk.submit, all seven steps, journal durable (NORMAL), one caller",
            f"{memory:.0f} µs",
            beside,
            ratio,
            "≤ 80 µs",
            memory <= 80,
            note,
        ),
        Row(
            "the same, and the paper exchange durable in its own file too",
            f"{disk:.0f} µs",
            "-",
            "-",
            "-",
            None,
        ),
        Row(
            "desk.submit, 64 callers, journal FULL, commits grouped",
            f"{many:,.0f} orders/s",
            "-",
            "-",
            "≥ 50,000 orders/s",
            many >= 50_000,
        ),
        _on_postgres(folder, memory),
    ]
