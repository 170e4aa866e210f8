"""Worlds for the checks: instruments of every kind, prices, holdings and open orders, sane or hostile, made by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs
from hypothesis import strategies as st

from venuekit.books.exposure import Exposure
from venuekit.model.account import Balance, Position
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import (
    BracketOrder,
    LimitOrder,
    MarketOrder,
    OrderRequest,
    OrderType,
    Side,
    StopLimitOrder,
    StopOrder,
    TimeInForce,
)
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.risk import Quote

D = Decimal
NOW = 1_790_000_000 * 10**9
SECOND = 10**9
MAX_AGE = 15.0


class StillClock:
    """Time moves only when a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1e9)


def _instrument(name: str, kind: InstrumentKind, base: str, quote: str, lot: str, **more: Any) -> Instrument:
    fields: dict[str, Any] = {"tick_size": D("0.01"), "lot_size": D(lot), "min_size": D(lot), **more}
    return Instrument(id=name, venue="v", kind=kind, base=base, quote=quote, **fields)


SPOT = _instrument("BTC-USD", InstrumentKind.SPOT, "BTC", "USD", "0.001")
PERP = _instrument(
    "BTC-PERP",
    InstrumentKind.PERPETUAL,
    "BTC",
    "USD",
    "1",
    contract_size=D("0.01"),
    initial_margin=D("0.1"),
)
OUTCOME = _instrument("YES", InstrumentKind.BINARY_OUTCOME, "YES", "USDC", "0.1")
CROSS = _instrument("ETH-BTC", InstrumentKind.SPOT, "ETH", "BTC", "0.01")
INSTRUMENTS = (SPOT, PERP, OUTCOME, CROSS)
#: About where each trades.
PRICES = {SPOT.id: D(100), PERP.id: D(101), OUTCOME.id: D("0.40"), CROSS.id: D("0.05")}
ABSURD = [D("NaN"), D("Infinity"), D("-Infinity"), D(0), D(-1), D("1E+60"), D("1E-60"), None]


@attrs.frozen(kw_only=True)
class World:
    """What a desk may know at one moment."""

    quotes: Mapping[str, Quote]
    positions: Mapping[str, Decimal]
    orders: Sequence[Order]
    balances: Mapping[str, Decimal]

    def view(self) -> Exposure:
        """The real books with all of it in them."""
        exposure = Exposure(StillClock(), "USD")
        exposure.set_instruments(INSTRUMENTS)
        for name, quote in self.quotes.items():
            exposure.on_quote(name, quote)
        exposure.set_balances(
            [
                Balance(venue="v", account="a", asset=a, total=n, available=n, held=D(0))
                for a, n in self.balances.items()
            ]
        )
        held = [
            Position(venue="v", account="a", instrument=i, quote="USD", size=n, average_entry_price=None)
            for i, n in self.positions.items()
        ]
        exposure.set_positions(held, {i: n * PRICES[i] * of(i).contract_size for i, n in self.positions.items()})
        for order in self.orders:
            exposure.on_order(order)
        return exposure


def of(name: str) -> Instrument:
    """The instrument of this id."""
    return next(i for i in INSTRUMENTS if i.id == name)


def lots(instrument: Instrument, most: int = 400) -> st.SearchStrategy[Decimal]:
    """Sizes that are whole lots."""
    return st.integers(1, most).map(lambda n: n * instrument.lot_size)


def prices(instrument: Instrument) -> st.SearchStrategy[Decimal]:
    """Prices about the market."""
    about = PRICES[instrument.id]
    return st.integers(80, 120).map(lambda n: about * n / 100)


@st.composite
def quotes(draw: st.DrawFn, instrument: Instrument, *, hostile: bool = False) -> Quote:
    """Prices as a venue tells them; hostile ones are whatever it may tell."""
    price = prices(instrument)
    bid, step = draw(price), draw(st.integers(0, 5))
    ask = bid * (100 + step) / 100
    quote = Quote(bid=bid, ask=ask, last=draw(price), bid_size=D(5), ask_size=D(5), time_ns=NOW)
    if not hostile:
        return quote
    part = st.one_of(price, st.sampled_from(ABSURD))
    ages = st.sampled_from([0, 1, 15, 16, -1, -16, 10**6, -(10**6)])
    return Quote(
        bid=draw(part),
        ask=draw(part),
        last=draw(part),
        bid_size=draw(part),
        ask_size=draw(part),
        time_ns=NOW - draw(ages) * SECOND,
    )


@st.composite
def orders(draw: st.DrawFn, instrument: Instrument, key: str) -> Order:
    """An order that may still cost money."""
    size = draw(lots(instrument))
    left = draw(st.integers(1, int(size / instrument.lot_size))) * instrument.lot_size
    kind = draw(st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP]))
    return Order(
        venue="v",
        account="a",
        instrument=instrument.id,
        side=draw(st.sampled_from(Side)),
        type=kind,
        status=draw(st.sampled_from([OrderStatus.OPEN, OrderStatus.IN_DOUBT, OrderStatus.SUBMITTING])),
        time_in_force=TimeInForce.GTC,
        created_ns=1,
        updated_ns=1,
        size=size,
        filled_size=size - left,
        price=draw(prices(instrument)) if kind is OrderType.LIMIT else None,
        stop_price=draw(prices(instrument)) if kind is OrderType.STOP else None,
        client_order_id=key,
    )


@st.composite
def worlds(draw: st.DrawFn, *, hostile: bool = False) -> World:
    """Anything that a desk may have come to know."""
    known = {i.id: draw(quotes(i, hostile=hostile)) for i in INSTRUMENTS if not hostile or draw(st.booleans())}
    signed = {i.id: draw(lots(i)) * draw(st.sampled_from([-1, 1, 1])) for i in INSTRUMENTS if draw(st.booleans())}
    positions = {i: abs(n) if of(i).kind is not InstrumentKind.PERPETUAL else n for i, n in signed.items()}
    where = draw(st.lists(st.sampled_from(INSTRUMENTS[:3]), max_size=4))
    amount = st.integers(0, 100_000).map(D)
    if hostile:
        positions = {i: draw(st.one_of(st.just(n), st.sampled_from(ABSURD[:-1]))) for i, n in positions.items()}  # type: ignore[arg-type]
        amount = st.one_of(amount, st.sampled_from(ABSURD[:-1]))  # type: ignore[arg-type]
    return World(
        quotes=known,
        positions=positions,
        orders=[draw(orders(i, f"o{n}")) for n, i in enumerate(where)],
        balances={asset: draw(amount) for asset in ("USD", "BTC", "ETH") if draw(st.integers(0, 9)) or asset == "USD"},
    )


@st.composite
def requests(draw: st.DrawFn, instrument: Instrument) -> OrderRequest:
    """An order of any type, on lots and about the market."""
    side = draw(st.sampled_from(Side))
    common: dict[str, Any] = {"instrument": instrument.id, "side": side, "reduce_only": draw(st.integers(0, 4)) == 0}
    price, size = draw(prices(instrument)), draw(lots(instrument))
    kind = draw(st.sampled_from(OrderType))
    if kind is OrderType.MARKET and draw(st.booleans()):
        return MarketOrder(**common, quote_size=price * size)
    if kind is OrderType.MARKET:
        return MarketOrder(**common, size=size)
    if kind is OrderType.LIMIT:
        return LimitOrder(**common, size=size, price=price)
    other = draw(prices(instrument))
    if kind is OrderType.STOP:
        return StopOrder(**common, size=size, stop_price=other)
    if kind is OrderType.STOP_LIMIT:
        return StopLimitOrder(**common, size=size, price=price, stop_price=other)
    low, high = sorted((price, other + PRICES[instrument.id]))
    take, stop = (high, low) if side is Side.SELL else (low, high)
    return BracketOrder(**common, size=size, price=take, stop_price=stop)
