"""A seeded market: a house account quotes several levels around a wandering price, and takers trade against it.

All arithmetic is on whole numbers and all chance is `random.Random.randrange`, so a seed gives the same market on
every platform. Nothing here looks at the clock: a step is told its time.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import InstrumentStatus, OrderStatus, OrderType, TimeInForce
from venuekit_paper.candles import Candles
from venuekit_paper.exchange import Exchange
from venuekit_paper.instruments import BEHAVIOURS, Behaviour
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder
from venuekit_paper.past import Origin

HOUSE = "~house"
TAKERS = "~takers"
#: Levels of each side that the house quotes.
LEVELS = 8
#: The part of its distance from the start by which a price is pulled back in one step: about three days' steps.
_PULL = 1_000_000
#: A minute's move for one step's, which is a quarter of a second.
_MINUTE = 15
_MINUTE_NS = 60_000_000_000


@attrs.frozen
class _Rules:
    """A market's behaviour in its own whole numbers: price units and lots."""

    start: int
    move: int
    half_spread: int
    spacing: int
    lots: int
    grain: int
    low: int
    high: int
    follows: str | None


class Simulator:
    """Moves every market by one step at a time."""

    def __init__(
        self, exchange: Exchange, candles: Candles, seed: int, behaviours: Mapping[str, Behaviour] = BEHAVIOURS
    ) -> None:
        self.exchange = exchange
        self.candles = candles
        self.random = random.Random(seed)  # noqa: S311 - a market, not a secret
        known = [(name, b) for name, b in behaviours.items() if name in exchange.markets]
        # Markets that follow another one come after it.
        known.sort(key=lambda pair: (pair[1].follows is not None, pair[0]))
        self._rules = {name: _rules(exchange.markets[name], b) for name, b in known}
        #: The wandering price of each market, in its price units.
        self.level = {name: rules.start for name, rules in self._rules.items()}
        #: What the house has on the book, by side and price.
        self._quotes: dict[str, dict[tuple[int, int], PaperOrder]] = {name: {} for name in self._rules}

    def begin(self, time_ns: int) -> None:
        """Open the house's accounts, quote every market, and give each a past."""
        self.exchange.open_account(HOUSE, {}, time_ns, house=True)
        self.exchange.open_account(TAKERS, {}, time_ns, house=True)
        for name, rules in self._rules.items():
            market = self.exchange.markets[name]
            market.last = _on_tick(self.level[name], market)
            self._mark(market, rules)
            self._quote(market, name, rules)
            origin = Origin(
                minute=time_ns // _MINUTE_NS,
                price=market.last,
                move=rules.move * _MINUTE,
                lots=rules.lots * 60,
                tick=market.scale.tick,
                low=rules.low,
                high=rules.high,
                price_digits=market.scale.price_digits,
                follows=rules.follows,
                mirrors=rules.follows is not None and market.scale.instrument.complement == rules.follows,
            )
            self.candles.begin(name, origin)

    def step(self, time_ns: int) -> None:
        """One move of every market at `time_ns`."""
        with self.exchange.at(time_ns):
            for name, rules in self._rules.items():
                market = self.exchange.markets[name]
                if market.scale.instrument.status is not InstrumentStatus.TRADING:
                    self._withdraw(name)
                    continue
                self._move(name, rules)
                self._mark(market, rules)
                self._quote(market, name, rules)
                self._take(market, rules)
                self.exchange.fire(market)

    def _move(self, name: str, rules: _Rules) -> None:
        if rules.follows is not None:
            self.level[name] = self._derived(name, rules, rules.follows)
            return
        draw = self.random.randrange
        # Less than one unit a step, so it is drawn: rounding it would leave most prices without any pull.
        pull = (rules.start - self.level[name] + draw(_PULL)) // _PULL
        moved = self.level[name] + pull + draw(-rules.move, rules.move + 1) + draw(-rules.move, rules.move + 1)
        room = rules.half_spread + rules.spacing
        self.level[name] = min(max(moved, rules.low + room), rules.high - room)

    def _derived(self, name: str, rules: _Rules, source: str) -> int:
        """A perpetual follows its spot market closely; the other outcome is one minus the first."""
        own, other = self.exchange.markets[name].scale, self.exchange.markets[source].scale
        if own.instrument.complement == source:
            return int(10**own.price_digits) - self.level[source]
        return _rescaled(self.level[source], own.price_digits - other.price_digits) + self.random.randrange(
            -rules.half_spread, rules.half_spread + 1
        )

    def _mark(self, market: Market, rules: _Rules) -> None:
        """Perpetuals are valued at their spot market's price, which nobody can move with one order."""
        if rules.follows is not None and market.scale.instrument.is_derivative:
            digits = market.scale.price_digits - self.exchange.markets[rules.follows].scale.price_digits
            market.mark = _rescaled(self.level[rules.follows], digits)
            self.exchange.matcher.margin_moved = True

    def _withdraw(self, name: str) -> None:
        for order in self._quotes[name].values():
            if order.resting:
                self.exchange.matcher.finish(order, OrderStatus.CANCELED)
        self._quotes[name] = {}

    def _quote(self, market: Market, name: str, rules: _Rules) -> None:
        """Bring the house's quotes to where they should be; those that are there keep their place in the queue."""
        level, step = self.level[name], rules.spacing
        bid = (level - rules.half_spread) // step * step
        ask = -(-(level + rules.half_spread) // step) * step
        wanted = [
            (side, first - side * n * step, n)
            for n in range(LEVELS)
            for side, first in ((1, bid), (-1, ask))
            if rules.low <= first - side * n * step <= rules.high
        ]
        prices = {(side, price) for side, price, _ in wanted}
        quotes = self._quotes[name]
        for key in [k for k, order in quotes.items() if k not in prices or not order.resting]:
            order = quotes.pop(key)
            if order.resting:
                self.exchange.matcher.finish(order, OrderStatus.CANCELED)
        for side, price, n in wanted:
            if (side, price) not in quotes:
                lots = rules.lots * (n + 2) // 2 + self.random.randrange(rules.lots // rules.grain + 1) * rules.grain
                order = self._enter(HOUSE, market, side, lots, price)
                if order.resting:
                    quotes[side, price] = order

    def _take(self, market: Market, rules: _Rules) -> None:
        """Every other step somebody trades at the market, which is what fills orders that rest near it."""
        draw = self.random.randrange(4)
        lots = (1 + self.random.randrange(rules.lots // rules.grain)) * rules.grain
        side = 1 if draw == 0 else -1
        if draw < 2 and market.book.other(side).best:
            self._enter(TAKERS, market, side, lots, 0)

    def _enter(self, account: str, market: Market, side: int, lots: int, price: int) -> PaperOrder:
        kind = OrderType.LIMIT if price else OrderType.MARKET
        order = self.exchange.new_order(self.exchange.accounts[account], market, side, kind, lots, price)
        order.tif = TimeInForce.GTC if price else TimeInForce.IOC
        self.exchange.matcher.trade(order)
        return order

    # -- over restarts

    def dump(self) -> dict[str, Any]:
        """What the next step depends on, besides the exchange."""
        version, internal, gauss = self.random.getstate()
        quotes = {name: [o.number for o in orders.values() if o.resting] for name, orders in self._quotes.items()}
        return {"random": [version, list(internal), gauss], "level": dict(self.level), "quotes": quotes}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `dump`."""
        version, internal, gauss = state["random"]
        self.random.setstate((version, tuple(internal), gauss))
        self.level = {name: int(level) for name, level in state["level"].items()}
        for name, numbers in state["quotes"].items():
            orders = [self.exchange.accounts[HOUSE].open[number] for number in numbers]
            self._quotes[name] = {(o.side, o.price): o for o in orders}


def _rules(market: Market, b: Behaviour) -> _Rules:
    scale = market.scale
    i = scale.instrument

    def units(price: Decimal) -> int:
        return int(price.scaleb(scale.price_digits))

    return _Rules(
        start=units(b.start),
        move=max(1, units(b.move)),
        half_spread=max(1, units(b.half_spread)),
        spacing=units(b.spacing),
        lots=max(1, int(b.size / i.lot_size)),
        grain=max(1, int(b.grain / i.lot_size)),
        low=units(i.min_price if i.min_price is not None else i.tick_size),
        high=units(i.max_price) if i.max_price is not None else 10**18,
        follows=b.follows,
    )


def _rescaled(price: int, digits: int) -> int:
    """A price in units that are `digits` decimal places finer; the rest is dropped when they are coarser."""
    scaled: int = price * 10**digits if digits >= 0 else price // 10**-digits
    return scaled


def _on_tick(price: int, market: Market) -> int:
    return price - price % market.scale.tick
