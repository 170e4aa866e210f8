"""What happened inside the exchange: as the matcher reports it, and as protocols, history and digest tell it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from venuekit.adapter import (
    BookDelta,
    Event,
    Fill,
    FillEvent,
    Level,
    Liquidity,
    OrderEvent,
    OrderEventKind,
    OrderStatus,
    Side,
    Trade,
    TradeEvent,
)
from venuekit_paper.history import History
from venuekit_paper.orders import PaperOrder, to_model
from venuekit_paper.scale import out

if TYPE_CHECKING:
    from venuekit_paper.market import Market

TRADE, ORDER, AMENDED, LEVEL = range(4)
#: ``(TRADE, fill number, market, taker, maker, lots, price, taker's fee, maker's fee)``,
#: ``(ORDER, order, status, size, filled, traded, fees)``, the same with AMENDED,
#: or ``(LEVEL, market, side, price, total)``.
Report = tuple[Any, ...]
#: A public trade: number, price, lots, the taker's side, time.
Print = tuple[int, int, int, int, int]
TRADES_KEPT = 1_000

S = OrderStatus
_OPEN = (S.OPEN, S.PARTIALLY_FILLED, S.PENDING_TRIGGER)
_KINDS = {
    S.OPEN: OrderEventKind.ACCEPTED,
    S.PENDING_TRIGGER: OrderEventKind.ACCEPTED,
    S.PARTIALLY_FILLED: OrderEventKind.PARTIALLY_FILLED,
    S.FILLED: OrderEventKind.FILLED,
    S.CANCELED: OrderEventKind.CANCELED,
    S.EXPIRED: OrderEventKind.EXPIRED,
}


def outcome(reports: Iterable[Report]) -> str:
    """Reports as text: equal texts are equal outcomes. Levels follow from the rest, and are told only if asked for."""
    lines = []
    for report in reports:
        kind = report[0]
        if kind == TRADE:
            _, number, market, taker, maker, lots, price, taker_fee, maker_fee = report
            lines.append(f"t{number},{market.id},{taker.number},{maker.number},{lots},{price},{taker_fee},{maker_fee}")
        elif kind != LEVEL:
            _, order, status, size, filled, traded, fees = report
            lines.append(f"o{order.number},{status},{size},{filled},{traded},{fees}")
    return ";".join(lines)


class Reporter:
    """Turns reports into history and, for whoever listens, into events."""

    def __init__(self, venue: str, history: History) -> None:
        self.venue = venue
        self.history = history
        self.tape: dict[str, deque[Print]] = {}
        self.listener: Callable[[Event], None] | None = None
        #: Called with instrument, price, lots and time of every trade.
        self.on_trade: Callable[[str, int, int, int], None] | None = None

    def publish(self, reports: Iterable[Report], now_ns: int) -> None:
        """Tell of everything, in order."""
        if self.listener is None and not self.history.keeps:
            for report in reports:
                if report[0] == TRADE:  # nobody asks for more than the public tape
                    self._print(report, now_ns)
            return
        for report in reports:
            kind = report[0]
            if kind in (ORDER, AMENDED):
                self._order(report, now_ns)
            elif kind == TRADE:
                self._trade(report, now_ns)
            elif self.listener is not None:
                self.listener(self._level(report, now_ns))

    def _order(self, report: Report, now_ns: int) -> None:
        kind, order, status, *amounts = report
        done = status not in _OPEN
        if self.listener is None and not (done and self.history.keeps):
            return
        model = to_model(order, self.venue, (status, *amounts))
        if done:
            self.history.add_order(model)
        if self.listener is not None:
            what = OrderEventKind.AMENDED if kind == AMENDED else _KINDS[status]
            self.listener(
                OrderEvent(venue=self.venue, instrument=model.instrument, time_ns=now_ns, kind=what, order=model)
            )

    def _trade(self, report: Report, now_ns: int) -> None:
        _, number, market, taker, maker, lots, price, taker_fee, maker_fee = report
        self._print(report, now_ns)
        for order, liquidity, fee in ((taker, Liquidity.TAKER, taker_fee), (maker, Liquidity.MAKER, maker_fee)):
            if not order.account.house:
                self._fill(number, order, lots, price, fee, liquidity, now_ns)
        if self.listener is not None:
            trade = self.trade(market, (number, price, lots, taker.side, now_ns))
            self.listener(TradeEvent(venue=self.venue, instrument=market.id, time_ns=now_ns, trade=trade))

    def _print(self, report: Report, now_ns: int) -> None:
        """Put a trade on the public tape."""
        _, number, market, taker, _, lots, price, _, _ = report
        self.tape[market.id].append((number, price, lots, taker.side, now_ns))
        if self.on_trade is not None:
            self.on_trade(market.id, price, lots, now_ns)

    def _fill(
        self, number: int, order: PaperOrder, lots: int, price: int, fee: int, liquidity: Liquidity, now_ns: int
    ) -> None:
        scale = order.market.scale
        order.account.holdings[order.market.id].updated_ns = now_ns
        fill = Fill(
            id=f"{number}{'t' if liquidity is Liquidity.TAKER else 'm'}",
            venue=self.venue,
            account=order.account.name,
            instrument=order.market.id,
            venue_order_id=str(order.number),
            client_order_id=order.client_id,
            side=Side.BUY if order.side > 0 else Side.SELL,
            price=scale.price_out(price),
            size=scale.size_out(lots),
            fee=out(fee, scale.quote_digits),
            fee_asset=scale.instrument.settle,
            liquidity=liquidity,
            time_ns=now_ns,
        )
        self.history.add_fill(number, fill)
        if self.listener is not None:
            self.listener(FillEvent(venue=self.venue, instrument=fill.instrument, time_ns=now_ns, fill=fill))

    def trade(self, market: Market, printed: Print) -> Trade:
        """A public trade."""
        number, price, lots, side, time_ns = printed
        return Trade(
            id=str(number),
            venue=self.venue,
            instrument=market.id,
            price=market.scale.price_out(price),
            size=market.scale.size_out(lots),
            taker_side=Side.BUY if side > 0 else Side.SELL,
            time_ns=time_ns,
        )

    def _level(self, report: Report, now_ns: int) -> BookDelta:
        _, market, side, price, total = report
        level = Level(market.scale.price_out(price), market.scale.size_out(total))
        return BookDelta(
            venue=self.venue,
            instrument=market.id,
            time_ns=now_ns,
            sequence=market.sequence,
            bids=(level,) if side > 0 else (),
            asks=(level,) if side < 0 else (),
        )
