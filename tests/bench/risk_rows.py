"""Validation and every risk check for one order, with a hundred open orders and fifty positions."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from report import Row, median_us

from venuekit import LimitOrder, RiskSettings, Side
from venuekit.adapter import (
    FULL,
    Capabilities,
    Channel,
    Feature,
    Instrument,
    InstrumentKind,
    Order,
    OrderStatus,
    OrderType,
    Position,
    TimeInForce,
)
from venuekit.books.exposure import Exposure
from venuekit.desk.risk.checks import build_checks, run
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.proposal import propose
from venuekit.desk.validation import validate
from venuekit.model.account import Balance
from venuekit.protocols.risk import Quote
from venuekit.watch.clock import SystemClock

D = Decimal
CAPABILITIES = Capabilities(
    venue="bench",
    title="Bench",
    kinds=tuple(InstrumentKind),
    features=dict.fromkeys(Feature, FULL),
    order_types=dict.fromkeys(OrderType, FULL),
    times_in_force=dict.fromkeys(TimeInForce, FULL),
    channels=dict.fromkeys(Channel, FULL),
)
DEFAULT = RiskSettings()
ALL = RiskSettings(
    max_order_notional=D(50_000),
    max_position_notional=D(10_000_000),
    max_position_share=D("0.9"),
    max_gross_exposure=D(100_000_000),
    max_net_exposure=D(100_000_000),
    max_orders_per_minute=100_000,
    max_daily_loss=D(1_000_000),
    max_daily_loss_share=D("0.5"),
    max_spread=D("0.05"),
    min_liquidity_share=D(100),
    allowed_instruments=("I*",),
    duplicate_window_seconds=0.001,
    max_open_orders=1000,
)


def _instrument(n: int) -> Instrument:
    return Instrument(
        id=f"I{n}-USD",
        venue="bench",
        kind=InstrumentKind.SPOT,
        base=f"I{n}",
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D("0.001"),
        min_size=D("0.001"),
    )


def _world() -> tuple[Exposure, Instrument]:
    clock = SystemClock()
    view = Exposure(clock, "USD")
    instruments = [_instrument(n) for n in range(50)]
    view.set_instruments(instruments)
    now = clock.now_ns()
    for i in instruments:
        quote = Quote(bid=D("99.99"), ask=D("100.01"), last=D(100), bid_size=D(50), ask_size=D(50), time_ns=now)
        view.on_quote(i.id, quote)
    held = [("USD", D(10_000_000)), *((i.base, D(10)) for i in instruments)]
    view.set_balances([Balance(venue="bench", account="a", asset=a, total=n, available=n, held=D(0)) for a, n in held])
    positions = [
        Position(venue="bench", account="a", instrument=i.id, quote="USD", size=D(10), average_entry_price=D(90))
        for i in instruments
    ]
    view.set_positions(positions, {i.id: D(900) for i in instruments})
    for n in range(100):
        view.on_order(
            Order(
                venue="bench",
                account="a",
                instrument=instruments[n % 50].id,
                side=Side.BUY,
                type=OrderType.LIMIT,
                status=OrderStatus.OPEN,
                time_in_force=TimeInForce.GTC,
                created_ns=now,
                updated_ns=now,
                size=D(1),
                price=D(95),
                client_order_id=f"o{n}",
            )
        )
    return view, instruments[0]


def _measure(settings: RiskSettings) -> float:
    view, instrument = _world()
    checks = build_checks(settings, Hours(()))
    request = LimitOrder(instrument=instrument.id, side=Side.BUY, size=D("1.5"), price=D("99.50"), client_order_id="x")
    clock, samples = SystemClock(), []
    for _ in range(5_000):
        start = time.perf_counter()
        valid = validate(request, instrument, CAPABILITIES, now_ns=clock.now_ns())
        proposal = propose(
            valid,
            instrument,
            view,
            agent_id="a",
            collar=settings.price_collar,
            max_quote_age_seconds=60.0,
            now_ns=clock.now_ns(),
        )
        refusal = run(checks, proposal, view)
        samples.append(time.perf_counter() - start)
        assert refusal is None, refusal
    return median_us(samples)


def rows(_: Path, *, peers: bool) -> list[Row]:
    """The default limits, and every limit there is."""
    del peers
    return [
        Row(
            what=f"validation and risk checks, {what}, 100 open orders, 50 positions",
            ours=f"{taken:.1f} µs",
            beside="-",
            ratio="-",
            budget="≤ 10 µs",
            met=taken <= 10,
        )
        for what, taken in (("default limits", _measure(DEFAULT)), ("every limit on", _measure(ALL)))
    ]
