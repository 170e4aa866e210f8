"""A clock that stands still, an instrument, and a view made by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from still_clock import StillClock

from venuekit.books.exposure import Exposure
from venuekit.model.account import Balance
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.protocols.risk import Quote

D = Decimal


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def spot() -> Instrument:
    return Instrument(
        id="BTC-USD",
        venue="paper",
        kind=InstrumentKind.SPOT,
        base="BTC",
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D("0.001"),
        min_size=D("0.001"),
    )


@pytest.fixture
def perp() -> Instrument:
    return Instrument(
        id="BTC-PERP",
        venue="paper",
        kind=InstrumentKind.PERPETUAL,
        base="BTC",
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D("0.001"),
        min_size=D("0.001"),
        initial_margin=D("0.1"),
    )


@pytest.fixture
def view(clock: StillClock, spot: Instrument, perp: Instrument) -> Exposure:
    exposure = Exposure(clock, "USD")
    exposure.set_instruments([spot, perp])
    exposure.set_balances(
        [Balance(venue="paper", account="a", asset="USD", total=D(10_000), available=D(10_000), held=D(0))]
    )
    for name in (spot.id, perp.id):
        exposure.on_quote(
            name, Quote(bid=D(99), ask=D(100), last=D(100), bid_size=D(5), ask_size=D(5), time_ns=clock.now)
        )
    return exposure
