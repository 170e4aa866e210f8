"""The paper exchange as the venue's matching engine: one book for both outcomes of each market."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from venuekit.adapter import (
    NANOS,
    Candle,
    Granularity,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    LimitOrder,
    OrderRef,
    OrderStatus,
    Side,
    TimeInForce,
)
from venuekit_doubles.polymarket.listings import MILLION, PRICE_ONE, Listed
from venuekit_doubles.polymarket.records import EXPIRES_EARLY, HOUSE, OrderRecord
from venuekit_paper.candles import Candles
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.history import NoHistory
from venuekit_paper.instruments import Behaviour
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import TRADES_KEPT, Report, Reporter
from venuekit_paper.simulator import Simulator

D = Decimal
_VENUE = "polymarket"
_CASH = "pUSD"
#: Funds that no order exceeds: whose they are is the ledger's business.
_PLENTY = D(10) ** 15
#: Seconds between two moves of the simulated market.
STEP_SECONDS = 0.25
HOUSE_KEY = str(uuid.UUID(int=0x4005E << 96))
Level = tuple[int, int]


_HEX = "0x"


def id_of(paper: PaperOrder) -> str:
    """The id of an engine's order; empty for one of the simulated market."""
    return f"{_HEX}{paper.client_id}" if paper.client_id else ""


class _Reports(Reporter):
    """Hands the engine's reports on as they are."""

    def __init__(self, heard: Callable[[list[Report]], None]) -> None:
        super().__init__(_VENUE, NoHistory(None))
        self._heard = heard

    def publish(self, reports: Iterable[Report], now_ns: int) -> None:
        """Tell of everything, in order."""
        listed = list(reports)
        super().publish(listed, now_ns)
        if listed:
            self._heard(listed)


class Books:
    """Prices are the first outcome's: an order of the second one rests on the other side at one minus its price."""

    def __init__(
        self, markets: Mapping[str, Listed], seed: int, now_ns: int, heard: Callable[[list[Report]], None]
    ) -> None:
        self._markets = markets
        traded = [m for m in markets.values() if not m.closed]
        self._exchange = Exchange(
            [_instrument(m) for m in traded], FeeSchedule(maker=D(0), taker=D(0)), venue=_VENUE, history=NoHistory(None)
        )
        self._reports = _Reports(heard)
        self._reports.tape = {m.slug: deque(maxlen=TRADES_KEPT) for m in traded}
        self._exchange.reporter = self._reports
        for market in self._exchange.markets.values():
            market.watched = True
        self._candles = Candles(_VENUE, seed)
        self._reports.on_trade = self._candles.add
        behaviours = {m.slug: _behaviour(m) for m in traded}
        self._simulator = Simulator(self._exchange, self._candles, seed, behaviours)
        with self._exchange.at(now_ns):
            self._simulator.begin(now_ns)
        self.step_ns = now_ns

    # -- time

    @property
    def now_ns(self) -> int:
        """The engine's time."""
        return self._exchange.now_ns

    def pass_time(self, now_ns: int) -> None:
        """Let orders expire whose time is over."""
        self._exchange.advance(now_ns)

    def step(self, now_ns: int) -> None:
        """Let the simulated market make a move."""
        self.step_ns = now_ns
        self._simulator.step(now_ns)

    # -- orders

    def place(self, order: OrderRecord, lots: int, tif: TimeInForce, now_ns: int) -> str:
        """Enter an order; its number. Raises PostOnlyWouldCross, NoLiquidity."""
        market, exchange = order.market, self._exchange
        if order.wallet not in exchange.accounts:
            account = exchange.open_account(order.wallet, {_CASH: _PLENTY}, now_ns)
            for known in exchange.markets.values():
                account.total[known.base] = int(_PLENTY) * MILLION
        price = market.book_price(order.token, order.price)
        request = LimitOrder(
            instrument=market.slug,
            side=Side.BUY if market.book_side(order.token, order.side) > 0 else Side.SELL,
            size=D(lots).scaleb(-6),
            price=D(price).scaleb(-4),
            time_in_force=tif,
            post_only=order.post_only,
            expires_at_ns=(order.expiration - EXPIRES_EARLY) * NANOS if tif is TimeInForce.GTD else None,
            client_order_id=order.id.removeprefix(_HEX),
        )
        return exchange.place(order.wallet, request, now_ns).venue_order_id or ""

    def cancel(self, order: OrderRecord, now_ns: int) -> None:
        """Cancel a resting order."""
        self._exchange.cancel(order.wallet, OrderRef(order.number), now_ns)

    def close(self, market: Listed, now_ns: int) -> None:
        """End a market: every order in it is canceled."""
        exchange, book = self._exchange, self._exchange.markets[market.slug]
        with exchange.at(now_ns):
            for account in exchange.accounts.values():
                for order in [o for o in account.open.values() if o.market is book]:
                    exchange.matcher.finish(order, OrderStatus.CANCELED)
            exchange.change_instrument(book, status=InstrumentStatus.RESOLVED)

    def set_tick(self, market: Listed, tick: Decimal) -> None:
        """The step that new prices keep."""
        self._exchange.markets[market.slug].scale.set_tick(tick)

    # -- reading

    def _book(self, market: Listed) -> Market | None:
        return self._exchange.markets.get(market.slug)

    def levels(self, market: Listed, token: int) -> tuple[list[Level], list[Level]]:
        """Bids and asks of an outcome, best first."""
        found = self._book(market)
        if found is None:
            return [], []
        bids, asks = (side.depth(len(side.keys)) for side in (found.book.bids, found.book.asks))
        if token == 0:
            return bids, asks
        return [(PRICE_ONE - p, n) for p, n in asks], [(PRICE_ONE - p, n) for p, n in bids]

    def total(self, market: Listed, side: int, price: int) -> int:
        """Shares at a price of the book."""
        found = self._book(market)
        return 0 if found is None else found.book.own(side).total(price)

    def best(self, market: Listed, token: int) -> tuple[int, int]:
        """The best bid and ask of an outcome; 0 where there is none."""
        bids, asks = self.levels(market, token)
        return (bids[0][0] if bids else 0), (asks[0][0] if asks else 0)

    def last(self, market: Listed) -> tuple[int, int, int]:
        """Price, shares and the taker's side of the last trade, as the first outcome's; zeros before one."""
        tape = self._reports.tape.get(market.slug)
        if not tape:
            return 0, 0, 0
        _, price, lots, side, _ = tape[-1]
        return price, lots, side

    def volume(self, market: Listed) -> int:
        """Shares traded."""
        found = self._book(market)
        return 0 if found is None else found.volume

    def candles(self, market: Listed, granularity: Granularity, start_ns: int, end_ns: int) -> list[Candle]:
        """Candles of the first outcome, oldest first."""
        found = self._book(market)
        if found is None:
            return []
        return self._candles.candles(found.scale, granularity, start_ns, end_ns, 100_000, self.now_ns)


def _instrument(market: Listed) -> Instrument:
    return Instrument(
        id=market.slug,
        venue=_VENUE,
        kind=InstrumentKind.BINARY_OUTCOME,
        base=market.slug,
        quote=_CASH,
        tick_size=market.tick,
        lot_size=D("0.000001"),
        min_size=D("0.000001"),
        min_price=D("0.0001"),
        max_price=D("0.9999"),
        name=market.listing.question,
    )


def _behaviour(market: Listed) -> Behaviour:
    listing = market.listing
    return Behaviour(
        start=listing.start,
        move=D("0.0002"),
        half_spread=max(D("0.004"), listing.tick / 2) if listing.tick >= D("0.01") else listing.tick,
        spacing=listing.spacing,
        size=listing.size,
        grain=D("0.01"),
    )


def house_order(paper: PaperOrder, market: Listed, now_ns: int) -> OrderRecord:
    """The record of an order of the simulated market: every other one of the second outcome."""
    token = paper.number % 2
    side = Side.BUY if (paper.side > 0) == (token == 0) else Side.SELL
    name = f"house {paper.account.name} {paper.number % 7}"
    return OrderRecord(
        id=f"0x{keccak(f'house order {paper.number}'.encode()).hex()}",
        owner=HOUSE,
        api_key=HOUSE_KEY,
        wallet=to_checksum_address(keccak(name.encode())[12:]),
        market=market,
        token=token,
        side=side,
        price=market.book_price(token, paper.price),
        size=paper.size,
        money=None,
        type="GTC" if paper.price else "FAK",
        expiration=0,
        post_only=False,
        created_ns=now_ns,
    )
