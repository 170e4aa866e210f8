"""A seeded market: a house account quotes several levels around a wandering price, and takers trade against it.

All arithmetic is on whole numbers (ticks and lots) with `random.Random.randrange`-style draws, so a seed gives the
same market on every platform.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from venuekit.adapter import InstrumentStatus, OrderStatus, OrderType, TimeInForce
from venuekit_paper.candles import Candles
from venuekit_paper.exchange import Exchange
from venuekit_paper.instruments import BEHAVIOURS, Behaviour
from venuekit_paper.matching import Market
from venuekit_paper.orders import PaperOrder

HOUSE = "~house"
TAKERS = "~takers"
LEVELS = 8


class Simulator:
    """Moves every market by one step at a time."""

    def __init__(self, exchange: Exchange, candles: Candles, seed: int) -> None:
        self.exchange = exchange
        self.candles = candles
        self.random = random.Random(seed)  # noqa: S311 - a market, not a secret
        #: Wandering price of each market, in its ticks.
        self.level: dict[str, int] = {}
        self._anchor: dict[str, int] = {}
        self._quotes: dict[str, list[PaperOrder]] = {}
        for name, behaviour in self._markets():
            scale = exchange.markets[name].scale
            start = int(behaviour.start / scale.instrument.tick_size)
            self._anchor[name] = start
            self.level.setdefault(name, start)
            self._quotes[name] = []

    def _markets(self) -> list[tuple[str, Behaviour]]:
        known = [(n, b) for n, b in BEHAVIOURS.items() if n in self.exchange.markets]
        return sorted(known, key=lambda pair: (pair[1].follows is not None, pair[0]))

    def begin(self, time_ns: int) -> None:
        """Open the house's accounts and quote every market."""
        self.exchange.open_account(HOUSE, {}, time_ns, house=True)
        self.exchange.open_account(TAKERS, {}, time_ns, house=True)
        for name, behaviour in self._markets():
            self._quote(name, behaviour)
            market = self.exchange.markets[name]
            market.last = self.level[name] * market.scale.tick
            self.candles.prefill(market, self.level[name], behaviour.step, time_ns)

    def step(self, time_ns: int) -> None:
        """One move of every market at `time_ns`."""
        self.exchange.advance(time_ns)
        for name, behaviour in self._markets():
            market = self.exchange.markets[name]
            if market.scale.instrument.status is not InstrumentStatus.TRADING:
                self._withdraw(name)
                continue
            self._move(name, behaviour)
            self._quote(name, behaviour)
            self._take(market, behaviour)
            self.exchange._triggers(market)  # noqa: SLF001 - the simulator trades inside the exchange

    def _move(self, name: str, behaviour: Behaviour) -> None:
        if behaviour.follows is not None:
            self.level[name] = self._derived(name, behaviour.follows)
            return
        draw = sum(self.random.randrange(-behaviour.step, behaviour.step + 1) for _ in range(3)) // 2
        pull = (self._anchor[name] - self.level[name]) // 400
        market = self.exchange.markets[name]
        low, high = self._bounds(market, behaviour)
        self.level[name] = min(max(self.level[name] + draw + pull, low), high)

    @staticmethod
    def _bounds(market: Market, behaviour: Behaviour) -> tuple[int, int]:
        i = market.scale.instrument
        room = behaviour.half_spread + 1
        low = int((i.min_price or i.tick_size) / i.tick_size) + room
        high = int(i.max_price / i.tick_size) - room if i.max_price is not None else 10**15
        return low, high

    def _derived(self, name: str, source: str) -> int:
        """A perpetual follows its spot market closely; the other outcome is one minus the first."""
        own, other = self.exchange.markets[name].scale, self.exchange.markets[source].scale
        price = Decimal(self.level[source]) * other.instrument.tick_size
        if own.instrument.complement == source:
            return int((Decimal(1) - price) / own.instrument.tick_size)
        basis = self.random.randrange(-3, 4)
        return int(price / own.instrument.tick_size) + basis

    def _withdraw(self, name: str) -> None:
        market = self.exchange.markets[name]
        for order in self._quotes[name]:
            if order.resting:
                self.exchange.matcher.finish(market, order, OrderStatus.CANCELED)
        self._quotes[name] = []

    def _quote(self, name: str, behaviour: Behaviour) -> None:
        """Replace the house's quotes by new ones around the price; they never trade with each other."""
        market = self.exchange.markets[name]
        self._withdraw(name)
        lots = max(1, int(behaviour.size / market.scale.lot))
        low, high = self._bounds(market, behaviour)
        for n in range(LEVELS):
            away = behaviour.half_spread + n * behaviour.spacing
            for side in (1, -1):
                ticks = self.level[name] - side * away
                if low - behaviour.half_spread - 1 <= ticks <= high + behaviour.half_spread + 1 and ticks > 0:
                    size = lots * (n + 2) // 2 + self.random.randrange(lots + 1)
                    self._enter(HOUSE, market, side, size, ticks * market.scale.tick)

    def _take(self, market: Market, behaviour: Behaviour) -> None:
        """Now and then somebody trades at the market, which is what fills resting orders near it."""
        for _ in range(2):
            if self.random.randrange(3) == 0:
                continue
            side = 1 if self.random.randrange(2) else -1
            lots = max(1, int(behaviour.size / market.scale.lot))
            size = 1 + self.random.randrange(max(1, lots))
            if market.book.other(side).keys:
                self._enter(TAKERS, market, side, size, 0)

    def _enter(self, account: str, market: Market, side: int, lots: int, price: int) -> None:
        exchange = self.exchange
        exchange.number += 1
        kind = OrderType.LIMIT if price else OrderType.MARKET
        owner = exchange.accounts[account]
        order = PaperOrder(exchange.number, owner, market.scale, side, kind, lots, price, exchange.now_ns)
        order.tif = TimeInForce.GTC if price else TimeInForce.IOC
        exchange.orders[order.number] = order
        exchange._trade(market, order)  # noqa: SLF001
        if order.resting:
            self._quotes[market.scale.instrument.id].append(order)

    # -- over restarts

    def dump(self) -> dict[str, Any]:
        """What the next step depends on, besides the exchange."""
        version, internal, gauss = self.random.getstate()
        quotes = {name: [o.number for o in orders if o.resting] for name, orders in self._quotes.items()}
        return {"random": [version, list(internal), gauss], "level": dict(self.level), "quotes": quotes}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `dump`."""
        version, internal, gauss = state["random"]
        self.random.setstate((version, tuple(internal), gauss))
        self.level = {k: int(v) for k, v in state["level"].items()}
        self._quotes = {n: [self.exchange.orders[k] for k in ids] for n, ids in state["quotes"].items()}
