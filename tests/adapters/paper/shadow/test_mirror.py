"""A live book as the house's orders: the queue in front of ours, what a trade fills, and what we take."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    FillQuery,
    Instrument,
    InstrumentKind,
    Level,
    LimitOrder,
    MarketOrder,
    Order,
    OrderBook,
    OrderRef,
    OrderStatus,
    Side,
    StopLimitOrder,
    TimeInForce,
    Trade,
)
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.shadow.engine import ShadowEngine
from venuekit_paper.shadow.options import ShadowOptions

D = Decimal
BTC = Instrument(
    id="BTC-USD",
    venue="live",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USD",
    tick_size=D(1),
    lot_size=D("0.1"),
    min_size=D("0.1"),
)
SECOND = 1_000_000_000


class Live:
    """A live market told by hand, and a shadow account on it."""

    def __init__(self) -> None:
        self.now = SECOND
        self.engine = ShadowEngine(
            ShadowOptions(balances={"USD": D(1_000_000), "BTC": D(100)}),
            FeeSchedule(maker=D(0), taker=D("0.001")),
            venue="live",
            account="a.shadow",
            instruments=[BTC],
            path=None,
            now_ns=self.now,
        )
        self.count = 0

    def book(self, bids: dict[int, str], asks: dict[int, str]) -> None:
        book = OrderBook(venue="live", instrument="BTC-USD", time_ns=self.now, bids=_levels(bids), asks=_levels(asks))
        event = BookSnapshot(venue="live", instrument="BTC-USD", time_ns=self.now, book=book)
        self.engine.book(event, "BTC-USD", self.now)

    def changes(self, bids: dict[int, str] | None = None, asks: dict[int, str] | None = None) -> None:
        event = BookDelta(
            venue="live", instrument="BTC-USD", time_ns=self.now, bids=_levels(bids or {}), asks=_levels(asks or {})
        )
        self.engine.book(event, "BTC-USD", self.now)

    def trades(self, taker: Side, price: int, size: str) -> None:
        self.count += 1
        trade = Trade(
            id=str(self.count),
            venue="live",
            instrument="BTC-USD",
            price=D(price),
            size=D(size),
            taker_side=taker,
            time_ns=self.now,
        )
        self.engine.trade(trade, self.now)

    def limit(self, side: Side, price: int, size: str, **more: object) -> Order:
        self.count += 1
        request = LimitOrder(
            instrument="BTC-USD", side=side, size=D(size), price=D(price), client_order_id=f"c{self.count}", **more
        )
        return self.engine.place(request, self.now)

    def seen(self, order: Order) -> tuple[OrderStatus, Decimal]:
        now = self.engine.exchange.order("a.shadow", OrderRef.of(order))
        return now.status, now.filled_size


def _levels(levels: dict[int, str]) -> tuple[Level, ...]:
    return tuple(Level(D(price), D(size)) for price, size in levels.items())


@pytest.fixture
def live() -> Live:
    made = Live()
    made.book({99: "2", 98: "3"}, {101: "1", 102: "4"})
    return made


def test_a_market_order_walks_the_live_book_and_pays_its_prices(live: Live) -> None:
    order = live.engine.place(
        MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(2), client_order_id="m"), live.now
    )
    assert (order.status, order.average_price) == (OrderStatus.FILLED, D("101.5"))


def test_what_we_took_cannot_be_taken_twice_until_the_price_is_quoted_anew(live: Live) -> None:
    live.limit(Side.BUY, 101, "1")
    live.changes(asks={101: "0.8"})  # the live venue knows nothing of us
    assert live.engine.exchange.book("BTC-USD", 1).asks[0].price == D(102)
    live.changes(asks={101: "0"})
    live.changes(asks={101: "0.5"})
    assert live.engine.exchange.book("BTC-USD", 1).asks[0] == Level(D(101), D("0.5"))


def test_a_resting_order_waits_behind_all_that_was_there(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.trades(Side.SELL, 99, "2")
    assert live.seen(order) == (OrderStatus.OPEN, D(0))
    live.trades(Side.SELL, 99, "0.4")
    assert live.seen(order) == (OrderStatus.PARTIALLY_FILLED, D("0.4"))


def test_what_comes_later_at_its_price_is_behind_it(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.changes(bids={99: "9"})
    live.trades(Side.SELL, 99, "3")
    assert live.seen(order) == (OrderStatus.FILLED, D(1))


def test_cancels_are_behind_it_as_long_as_they_can_be(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.changes(bids={99: "5"})  # 3 more, behind
    live.changes(bids={99: "2"})  # those 3 go
    live.trades(Side.SELL, 99, "2")
    assert live.seen(order) == (OrderStatus.OPEN, D(0))


def test_a_trade_that_the_book_told_first_does_not_bring_it_forward_twice(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.changes(bids={99: "1.5"})  # half of one traded, and the book says so first
    live.trades(Side.SELL, 99, "0.5")
    live.trades(Side.SELL, 99, "1.5")
    assert live.seen(order) == (OrderStatus.OPEN, D(0))
    live.trades(Side.SELL, 99, "0.2")
    assert live.seen(order) == (OrderStatus.PARTIALLY_FILLED, D("0.2"))


def test_a_trade_beyond_its_price_fills_it_at_its_own(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.trades(Side.SELL, 98, "0.6")
    assert live.seen(order) == (OrderStatus.PARTIALLY_FILLED, D("0.6"))
    [fill] = live.engine.exchange.history.fills("a.shadow", _all()).items
    assert fill.price == D(99)


def test_a_quote_that_reaches_its_price_trades_with_it_up_to_its_size(live: Live) -> None:
    order = live.limit(Side.BUY, 100, "1")
    live.changes(asks={100: "0.3", 101: "0"})
    assert live.seen(order) == (OrderStatus.PARTIALLY_FILLED, D("0.3"))
    live.changes(asks={100: "0.3"})  # the same quote, told again
    assert live.seen(order) == (OrderStatus.PARTIALLY_FILLED, D("0.3"))


def test_a_frame_that_moves_both_sides_trades_nothing_among_the_house(live: Live) -> None:
    before = live.engine.exchange.matcher.fill_number
    live.changes(bids={103: "1"}, asks={101: "0", 102: "0", 104: "2"})
    assert live.engine.exchange.matcher.fill_number == before
    book = live.engine.exchange.book("BTC-USD", 1)
    assert (book.bids[0].price, book.asks[0].price) == (D(103), D(104))


def test_after_a_gap_what_the_book_shows_is_ahead_of_ours(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.engine.lost("BTC-USD", live.now)
    live.book({99: "4"}, {101: "1"})
    live.trades(Side.SELL, 99, "4")
    assert live.seen(order) == (OrderStatus.OPEN, D(0))
    live.trades(Side.SELL, 99, "1")
    assert live.seen(order) == (OrderStatus.FILLED, D(1))


def test_nothing_trades_while_the_feed_is_lost(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1")
    live.engine.lost("BTC-USD", live.now)
    live.trades(Side.SELL, 90, "5")
    live.changes(asks={90: "5"})
    assert live.seen(order) == (OrderStatus.OPEN, D(0))


def test_a_stop_goes_off_at_a_live_trade(live: Live) -> None:
    request = StopLimitOrder(
        instrument="BTC-USD",
        side=Side.SELL,
        size=D(1),
        stop_price=D(97),
        price=D(95),
        client_order_id="s",
    )
    order = live.engine.place(request, live.now)
    live.trades(Side.SELL, 98, "1")
    assert live.seen(order)[0] is OrderStatus.PENDING_TRIGGER
    live.changes(bids={99: "0", 98: "0", 96: "2"})
    live.trades(Side.SELL, 97, "1")
    assert live.seen(order) == (OrderStatus.FILLED, D(1))


def test_an_order_expires_by_time_alone(live: Live) -> None:
    order = live.limit(Side.BUY, 99, "1", time_in_force=TimeInForce.GTD, expires_at_ns=live.now + 5 * SECOND)
    live.engine.pass_time(live.now + 6 * SECOND)
    assert live.seen(order)[0] is OrderStatus.EXPIRED


def _all() -> FillQuery:
    return FillQuery(limit=100)
