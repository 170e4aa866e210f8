"""Candles from trades, kept by the minute, with an invented past so that every granularity exists from the start."""

from __future__ import annotations

import random
from collections import OrderedDict
from typing import Any

from venuekit.adapter import Candle, Granularity
from venuekit_paper.matching import Market
from venuekit_paper.scale import Scale

_MINUTE_NS = 60_000_000_000
#: Minutes of past that are invented for a new exchange: a little over three days.
PAST_MINUTES = 3 * 1440 + 60
KEPT_MINUTES = 10_000

#: start minute → [open, high, low, close, lots]
Bars = OrderedDict[int, list[int]]


class Candles:
    """One-minute bars of every market, in whole numbers; longer candles are made of them."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self.bars: dict[str, Bars] = {}

    def add(self, instrument: str, price: int, lots: int, time_ns: int) -> None:
        """A trade."""
        bars = self.bars.setdefault(instrument, OrderedDict())
        minute = time_ns // _MINUTE_NS
        bar = bars.get(minute)
        if bar is None:
            bars[minute] = [price, price, price, price, lots]
            if len(bars) > KEPT_MINUTES:
                bars.popitem(last=False)
            return
        bar[1] = max(bar[1], price)
        bar[2] = min(bar[2], price)
        bar[3] = price
        bar[4] += lots

    def prefill(self, market: Market, level: int, step: int, time_ns: int) -> None:
        """Invent the past, ending at `level` ticks; from a seed of the market's name, so it is always the same."""
        name = market.scale.instrument.id
        if name in self.bars:
            return
        rng = random.Random(name)  # noqa: S311 - a market, not a secret
        tick = market.scale.tick
        i = market.scale.instrument
        low = int((i.min_price or i.tick_size) / i.tick_size)
        high = int(i.max_price / i.tick_size) if i.max_price is not None else 10**15
        bars: list[tuple[int, list[int]]] = []
        close, end = level, time_ns // _MINUTE_NS
        for minute in range(end - 1, end - PAST_MINUTES - 1, -1):
            pull = (level - close) // 200
            opened = min(max(close + rng.randrange(-3 * step, 3 * step + 1) + pull, low), high)
            top = min(max(opened, close) + rng.randrange(step + 1), high)
            bottom = max(min(opened, close) - rng.randrange(step + 1), low)
            bars.append((minute, [opened * tick, top * tick, bottom * tick, close * tick, 1 + rng.randrange(2000)]))
            close = opened
        self.bars[name] = OrderedDict(reversed(bars))

    def candles(
        self, scale: Scale, granularity: Granularity, start_ns: int | None, end_ns: int | None, limit: int, now_ns: int
    ) -> list[Candle]:
        """Candles, oldest first; the one that still runs is marked."""
        minutes = granularity.seconds // 60
        groups: OrderedDict[int, list[int]] = OrderedDict()
        for minute, bar in self.bars.get(scale.instrument.id, {}).items():
            start = minute - minute % minutes
            at_ns = start * _MINUTE_NS
            if (start_ns is not None and at_ns < start_ns) or (end_ns is not None and at_ns >= end_ns):
                continue
            group = groups.get(start)
            if group is None:
                groups[start] = list(bar)
            else:
                group[1] = max(group[1], bar[1])
                group[2] = min(group[2], bar[2])
                group[3] = bar[3]
                group[4] += bar[4]
        chosen = list(groups.items())
        chosen = chosen[:limit] if start_ns is not None else chosen[-limit:]
        return [self._candle(scale, granularity, start, bar, now_ns) for start, bar in chosen]

    def latest(self, scale: Scale, now_ns: int) -> Candle | None:
        """The newest one-minute candle."""
        bars = self.bars.get(scale.instrument.id)
        if not bars:
            return None
        minute = next(reversed(bars))
        return self._candle(scale, Granularity.ONE_MINUTE, minute, bars[minute], now_ns)

    def _candle(self, scale: Scale, granularity: Granularity, minute: int, bar: list[int], now_ns: int) -> Candle:
        start_ns = minute * _MINUTE_NS
        return Candle(
            venue=self._venue,
            instrument=scale.instrument.id,
            granularity=granularity,
            start_ns=start_ns,
            open=scale.price_out(bar[0]),
            high=scale.price_out(bar[1]),
            low=scale.price_out(bar[2]),
            close=scale.price_out(bar[3]),
            volume=scale.size_out(bar[4]),
            is_closed=now_ns >= start_ns + granularity.seconds * 1_000_000_000,
        )

    def dump(self) -> dict[str, Any]:
        """All bars as data."""
        return {name: [[m, *bar] for m, bar in bars.items()] for name, bars in self.bars.items()}

    def load(self, state: dict[str, Any]) -> None:
        """The bars that `dump` wrote."""
        self.bars = {name: OrderedDict((row[0], row[1:]) for row in rows) for name, rows in state.items()}
