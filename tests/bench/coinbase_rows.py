"""A call through our Coinbase adapter beside the same through the official SDK as it is shipped, at a double."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from coinbase.rest import RESTClient
from report import Row

from venuekit.adapter import LimitOrder, OrderRef, Side, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.adapter import CoinbaseVenue

CALLERS, WARM, LATENCY_BUDGET, THROUGHPUT_BUDGET = 20, 20, 0.4, 3.0
HERE = Path(__file__).parent
#: What the server that answers at once has: an order of the usual length.
ORDER = {
    "order_id": "o-1",
    "client_order_id": "c-1",
    "product_id": "BTC-USD",
    "side": "BUY",
    "status": "OPEN",
    "created_time": "2026-11-20T10:00:00Z",
    "filled_size": "0",
    "total_fees": "0",
    "order_configuration": {"limit_limit_gtc": {"base_size": "0.01", "limit_price": "1000", "post_only": True}},
    "cancel_message": "x" * 500,
}


@contextmanager
def _running(command: Sequence[str]) -> Iterator[str]:
    """A process of its own, and its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@contextmanager
def _double(folder: Path) -> Iterator[Mapping[str, Any]]:
    """A double in a process of its own, as a venue's table."""
    file = folder / "double.toml"
    code = "from venuekit_doubles.coinbase.command import main; main()"
    with _running([sys.executable, "-c", code, "--config", str(file)]):
        yield tomllib.loads(file.read_text())["venues"]["coinbase"]


def _sdk(options: Mapping[str, Any]) -> RESTClient:
    """The client as it comes: the environment is the one way to tell it whom to trust that changes nothing of it."""
    os.environ["REQUESTS_CA_BUNDLE"] = options["ca_file"]
    return RESTClient(
        api_key=options["api_key"],
        api_secret=options["api_secret"].replace("\\n", "\n"),
        base_url=options["base_url"].removeprefix("https://"),
    )


def _venue(options: Mapping[str, Any], folder: Path) -> CoinbaseVenue:
    given = {**options, "products_ttl_seconds": 0.000001}
    return CoinbaseVenue(VenueContext(clock=SystemClock(), data_dir=folder, account="bench", options=given))


def _order(number: int) -> dict[str, Any]:
    kind = {"limit_limit_gtc": {"base_size": "0.01", "limit_price": "1000", "post_only": True}}
    return {"client_order_id": f"sdk-{number}", "product_id": "BTC-USD", "side": "BUY", "order_configuration": kind}


Ours, Theirs = Callable[[], Awaitable[Any]], Callable[[], Any]


async def _one_caller(ours: Ours, theirs: Theirs, calls: int) -> tuple[float, float]:
    """Median seconds of each, in pairs of changing order. The SDK blocks: it is called as its users call it."""
    samples: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM + calls):
        for which in (0, 1) if number % 2 else (1, 0):
            start = time.perf_counter()
            if which == 0:
                await ours()
            else:
                theirs()
            if number >= WARM:
                samples[which].append(time.perf_counter() - start)
    return statistics.median(samples[0]), statistics.median(samples[1])


async def _many_callers(ours: Ours, theirs: Theirs, calls: int) -> tuple[float, float]:
    """Calls a second of each with 20 callers: tasks of ours, threads of the SDK's one client."""
    share = calls // CALLERS

    async def turn() -> None:
        for _ in range(share):
            await ours()

    def thread() -> None:
        for _ in range(share):
            theirs()

    best = [0.0, 0.0]
    with ThreadPoolExecutor(CALLERS) as pool:
        for _ in range(3):
            start = time.perf_counter()
            await asyncio.gather(*(turn() for _ in range(CALLERS)))
            best[0] = max(best[0], share * CALLERS / (time.perf_counter() - start))
            start = time.perf_counter()
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(pool, thread) for _ in range(CALLERS)))
            best[1] = max(best[1], share * CALLERS / (time.perf_counter() - start))
    return best[0], best[1]


def _latency(what: str, ours: float, theirs: float, note: str = "") -> Row:
    return Row(
        what=f"Coinbase: {what}, one caller",
        ours=f"{ours * 1e3:.2f} ms",
        beside=f"official SDK {theirs * 1e3:.2f} ms",
        ratio=f"{ours / theirs:.2f}×",
        budget=f"≤ {LATENCY_BUDGET}×",
        met=ours / theirs <= LATENCY_BUDGET,
        note=note,
    )


def _throughput(what: str, ours: float, theirs: float) -> Row:
    return Row(
        what=f"Coinbase: {what}, {CALLERS} callers",
        ours=f"{ours:,.0f}/s",
        beside=f"official SDK in threads {theirs:,.0f}/s",
        ratio=f"{ours / theirs:.1f}×",
        budget=f"≥ {THROUGHPUT_BUDGET:.0f}×",
        met=ours / theirs >= THROUGHPUT_BUDGET,
    )


async def _at_the_double(options: Mapping[str, Any], folder: Path) -> list[Row]:
    venue, sdk = _venue(options, folder), _sdk(options)
    await venue.connect()
    numbers = iter(range(1_000_000))
    body = await venue.submit(
        LimitOrder(
            instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(1000), client_order_id="first"
        )
    )
    identity = body.venue_order_id or ""
    ref = OrderRef(venue_order_id=identity)

    async def place() -> None:
        await venue.submit(
            LimitOrder(
                instrument="BTC-USD",
                side=Side.BUY,
                size=Decimal("0.01"),
                price=Decimal(1000),
                post_only=True,
                client_order_id=f"ours-{next(numbers)}",
            )
        )

    def place_and_look() -> None:
        # Ours answers with the order as the venue has it, compared with what was asked: the same takes two calls.
        placed = sdk.create_order(**_order(next(numbers)))
        sdk.get_order(order_id=placed["success_response"]["order_id"])

    def products() -> None:
        for kind in ("SPOT", "FUTURE"):
            sdk.get_public_products(product_type=kind)

    rows = []
    try:
        one = await _one_caller(lambda: venue.order(ref), lambda: sdk.get_order(order_id=identity), 300)
        many = await _many_callers(lambda: venue.order(ref), lambda: sdk.get_order(order_id=identity), 600)
        rows += [_latency("get an order", *one), _throughput("get an order", *many)]
        rows.append(_latency("list the products", *await _one_caller(venue.instruments, products, 60)))
        one = await _one_caller(place, place_and_look, 100)
        many = await _many_callers(place, place_and_look, 200)
        rows += [
            _latency("place an order and read it back", *one),
            _throughput("place an order and read it back", *many),
        ]
    finally:
        sdk.session.close()
        await venue.close()
    return rows


async def _at_once(options: Mapping[str, Any], folder: Path, port: str) -> list[Row]:
    """The clients alone: the server's own time is next to nothing."""
    options = {**options, "base_url": f"https://127.0.0.1:{port}"}
    venue, sdk = _venue(options, folder), _sdk(options)
    await venue._transport.open()
    ref = OrderRef(venue_order_id="o-1")
    what = "get an order of a server that answers at once"
    try:
        one = await _one_caller(lambda: venue.order(ref), lambda: sdk.get_order(order_id="o-1"), 600)
        many = await _many_callers(lambda: venue.order(ref), lambda: sdk.get_order(order_id="o-1"), 1200)
    finally:
        sdk.session.close()
        await venue.close()
    return [_latency(what, *one), _throughput(what, *many)]


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """Get an order, list products, place an order: the adapter's call, parsed and compared, and the SDK's."""
    del peers
    with _double(folder) as options:
        found = asyncio.run(_at_the_double(options, folder))
        made = Path(options["ca_file"]).parent
        command = [sys.executable, str(HERE / "at_once.py"), str(made / "server.pem"), str(made / "server.key")]
        with _running([*command, json.dumps({"order": ORDER})]) as port:
            found += asyncio.run(_at_once(options, folder, port))
    return found
