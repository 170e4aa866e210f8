"""Candles from trades, kept by the minute, with an invented past so that every granularity exists from the start."""

from __future__ import annotations

import itertools
import random
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import attrs

from venuekit.adapter import Candle, Granularity, Ticker
from venuekit_paper.scale import Scale

_MINUTE_NS = 60_000_000_000
_DAY_MINUTES = 1440
#: Minutes of past that a new exchange has.
PAST_MINUTES = 10 * _DAY_MINUTES
#: Minutes of its own trading that are kept for each market.
KEPT_MINUTES = 3 * _DAY_MINUTES

#: open, high, low, close, lots
Bar = list[int]


@attrs.frozen
class Origin:
    """Where a market's invented past ends: its first minute, the price there, and how much a minute moves it."""

    minute: int
    price: int
    move: int
    lots: int
    tick: int
    low: int
    high: int


class _Past:
    """A random walk backward from the origin, made as far back as somebody looks; a seed gives the same one always."""

    def __init__(self, origin: Origin, seed: str) -> None:
        self._walk = self._backward(origin, random.Random(seed))  # noqa: S311 - a market, not a secret
        self._made: list[tuple[int, Bar]] = []

    def newest_first(self) -> Iterator[tuple[int, Bar]]:
        """Minutes and their bars."""
        for n in itertools.count():
            if n == len(self._made):
                made = next(self._walk, None)
                if made is None:
                    return
                self._made.append(made)
            yield self._made[n]

    @staticmethod
    def _backward(o: Origin, rng: random.Random) -> Iterator[tuple[int, Bar]]:
        close = exact = o.price  # the walk itself is not rounded: rounding down each minute would make it drift
        for minute in range(o.minute - 1, o.minute - PAST_MINUTES - 1, -1):
            away = o.price - exact
            pull = away // _DAY_MINUTES if away >= 0 else -(-away // _DAY_MINUTES)
            exact += pull + rng.randrange(-o.move, o.move + 1) + rng.randrange(-o.move, o.move + 1)
            exact = min(max(exact, o.low), o.high)
            opened = exact - exact % o.tick
            room = o.move // o.tick + 1
            top = min(max(opened, close) + rng.randrange(room) * o.tick, o.high)
            bottom = max(min(opened, close) - rng.randrange(room) * o.tick, o.low)
            yield minute, [opened, top, bottom, close, 1 + rng.randrange(2 * o.lots)]
            close = opened


class Candles:
    """One-minute bars of every market, in whole numbers; longer candles are made of them."""

    def __init__(self, venue: str, seed: int) -> None:
        self._venue = venue
        self._seed = seed
        self._bars: dict[str, OrderedDict[int, Bar]] = {}
        self._origins: dict[str, Origin] = {}
        self._pasts: dict[str, _Past] = {}
        #: By market: the minute they hold for, and open, high, low, lots of the 24 hours before it.
        self._days: dict[str, tuple[int, Bar | None]] = {}

    def begin(self, instrument: str, origin: Origin) -> None:
        """Where a market's own trading begins and its invented past ends; only the first time counts."""
        self._origins.setdefault(instrument, origin)

    def add(self, instrument: str, price: int, lots: int, time_ns: int) -> None:
        """A trade."""
        bars = self._bars.setdefault(instrument, OrderedDict())
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

    def _newest_first(self, instrument: str) -> Iterator[tuple[int, Bar]]:
        yield from reversed(self._bars.get(instrument, OrderedDict()).items())
        origin = self._origins.get(instrument)
        if origin is None:
            return
        past = self._pasts.get(instrument)
        if past is None:
            past = self._pasts[instrument] = _Past(origin, f"{self._seed}:{instrument}")
        yield from past.newest_first()

    def candles(
        self, scale: Scale, granularity: Granularity, start_ns: int | None, end_ns: int | None, limit: int, now_ns: int
    ) -> list[Candle]:
        """Candles, oldest first; the one that still runs is marked.

        With a start the earliest `limit` of the range, else the latest.
        """
        minutes = granularity.seconds // 60
        groups: dict[int, Bar] = {}
        for minute, bar in self._newest_first(scale.instrument.id):
            start = minute - minute % minutes
            if end_ns is not None and start * _MINUTE_NS >= end_ns:
                continue
            if start_ns is not None and start * _MINUTE_NS < start_ns:
                break
            group = groups.get(start)
            if group is None:
                if start_ns is None and len(groups) == limit:
                    break
                groups[start] = list(bar)
            else:
                group[0] = bar[0]
                group[1] = max(group[1], bar[1])
                group[2] = min(group[2], bar[2])
                group[4] += bar[4]
        oldest_first = list(reversed(groups.items()))[:limit]
        return [self._candle(scale, granularity, start, bar, now_ns) for start, bar in oldest_first]

    def newest(self, scale: Scale, now_ns: int) -> list[Candle]:
        """The newest one-minute candle and the one before it, oldest first."""
        bars = itertools.islice(self._newest_first(scale.instrument.id), 2)
        return [self._candle(scale, Granularity.ONE_MINUTE, m, bar, now_ns) for m, bar in reversed(list(bars))]

    def with_day(self, ticker: Ticker, scale: Scale, now_ns: int) -> Ticker:
        """The ticker with open, high, low and volume of the last 24 hours, to the minute."""
        instrument, minute = ticker.instrument, now_ns // _MINUTE_NS
        known = self._days.get(instrument)
        if known is None or known[0] != minute:
            known = self._days[instrument] = (minute, self._day_before(instrument, minute))
        day, running = known[1], self._bars.get(instrument, OrderedDict()).get(minute)
        if running is not None:
            day = list(running) if day is None else _joined(day, running)
        if day is None:
            return ticker
        return attrs.evolve(
            ticker,
            open_24h=scale.price_out(day[0]),
            high_24h=scale.price_out(day[1]),
            low_24h=scale.price_out(day[2]),
            volume_24h=scale.size_out(day[4]),
        )

    def _day_before(self, instrument: str, minute: int) -> Bar | None:
        day: Bar | None = None
        for at, bar in self._newest_first(instrument):
            if at >= minute:
                continue
            if at < minute - _DAY_MINUTES:
                break
            day = list(bar) if day is None else _joined(bar, day)
        return day

    def _candle(self, scale: Scale, granularity: Granularity, minute: int, bar: Bar, now_ns: int) -> Candle:
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
        """The bars of its own trading, and where the invented past ends."""
        return {
            "bars": {name: [[m, *bar] for m, bar in bars.items()] for name, bars in self._bars.items()},
            "origins": {name: attrs.astuple(origin) for name, origin in self._origins.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `dump`."""
        self._bars = {name: OrderedDict((row[0], row[1:]) for row in rows) for name, rows in state["bars"].items()}
        self._origins = {name: Origin(*values) for name, values in state["origins"].items()}


def _joined(first: Bar, second: Bar) -> Bar:
    return [first[0], max(first[1], second[1]), min(first[2], second[2]), second[3], first[4] + second[4]]
