"""Candles from trades: minutes, hours and days are kept, and every other length is made of them."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from functools import reduce
from typing import Any

import attrs

from venuekit.adapter import NANOS, Candle, Granularity, Ticker
from venuekit_paper.past import DAY_MINUTES, Bar, Origin, Pasts, joined
from venuekit_paper.scale import Scale

_MINUTE_NS = 60 * NANOS
#: For each length of bar that is kept, in minutes: for how many minutes of own trading it is.
KEPT = {1: 3 * DAY_MINUTES, 60: 60 * DAY_MINUTES, DAY_MINUTES: 1000 * DAY_MINUTES}


class _Bars:
    """One market's own trading. The minute that still runs is in no bar yet but its own."""

    def __init__(self) -> None:
        self.minute = -1
        self.bar: Bar = []
        self.kept: dict[int, OrderedDict[int, Bar]] = {step: OrderedDict() for step in KEPT}

    def add(self, minute: int, price: int, lots: int) -> None:
        bar = self.bar
        if minute != self.minute:
            if bar:
                self._keep()
            self.minute, self.bar = minute, [price, price, price, price, lots]
            return
        if price > bar[1]:
            bar[1] = price
        elif price < bar[2]:
            bar[2] = price
        bar[3] = price
        bar[4] += lots

    def _keep(self) -> None:
        for step, kept in self.kept.items():
            start = self.minute - self.minute % step
            known = kept.get(start)
            kept[start] = joined(known, self.bar) if known else list(self.bar)
            oldest = self._oldest(step)
            while next(iter(kept)) < oldest:
                kept.popitem(last=False)

    def _oldest(self, step: int) -> int:
        """The first minute of bars of this length that are kept; whole days, so that no longer candle is cut."""
        return (self.minute - KEPT[step]) // DAY_MINUTES * DAY_MINUTES

    def of(self, minute: int) -> Bar | None:
        """One minute's bar."""
        return self.bar if minute == self.minute else self.kept[1].get(minute)

    def reaches(self, step: int, minute: int) -> bool:
        """Whether nothing since `minute` has been given up."""
        return self.minute < 0 or self._oldest(step) <= minute

    def newest_first(self, step: int) -> Iterator[tuple[int, Bar]]:
        if self.bar:
            yield self.minute, self.bar
        yield from reversed(self.kept[step].items())


class Candles:
    """Bars of every market in whole numbers, with an invented past before the exchange's first minute."""

    def __init__(self, venue: str, seed: int) -> None:
        self._venue = venue
        self._bars: dict[str, _Bars] = {}
        self._pasts = Pasts(seed)
        #: The day before a minute, by instrument: what a ticker shows changes in its first part only.
        self._days: dict[str, tuple[int, Bar | None]] = {}

    def begin(self, instrument: str, origin: Origin) -> None:
        """Say where a market's own trading begins and its invented past ends; only the first time counts."""
        self._pasts.origins.setdefault(instrument, origin)

    def add(self, instrument: str, price: int, lots: int, time_ns: int) -> None:
        """A trade; times never go back."""
        bars = self._bars.get(instrument)
        if bars is None:
            bars = self._bars[instrument] = _Bars()
        bars.add(time_ns // _MINUTE_NS, price, lots)

    def _newest_first(self, instrument: str, step: int) -> Iterator[tuple[int, Bar]]:
        """Bars of at most `step` minutes, none of which spans two of that length."""
        bars, origin = self._bars.get(instrument), self._pasts.origins.get(instrument)
        if bars is not None:
            yield from bars.newest_first(step)
        if origin is not None and (bars is None or bars.reaches(step, origin.minute)):
            yield from self._pasts.newest_first(instrument, step)

    def candles(
        self, scale: Scale, granularity: Granularity, start_ns: int | None, end_ns: int | None, limit: int, now_ns: int
    ) -> list[Candle]:
        """Candles, oldest first; the one that still runs is marked. Without a trade there is no candle.

        With a start the earliest `limit` of the range, else the latest.
        """
        minutes = granularity.seconds // 60
        step = max(s for s in KEPT if minutes % s == 0)
        groups: dict[int, Bar] = {}
        for minute, bar in self._newest_first(scale.instrument.id, step):
            start = minute - minute % minutes
            if end_ns is not None and start * _MINUTE_NS >= end_ns:
                continue
            if start_ns is not None and start * _MINUTE_NS < start_ns:
                break
            group = groups.get(start)
            if group is None and start_ns is None and len(groups) == limit:
                break
            groups[start] = list(bar) if group is None else joined(bar, group)
        oldest_first = list(reversed(groups.items()))[:limit]
        return [self._candle(scale, granularity, start, bar, now_ns) for start, bar in oldest_first]

    def newest(self, scale: Scale, now_ns: int) -> list[Candle]:
        """The newest one-minute candle and the one before it, oldest first."""
        bars = itertools.islice(self._newest_first(scale.instrument.id, 1), 2)
        return [self._candle(scale, Granularity.ONE_MINUTE, m, bar, now_ns) for m, bar in reversed(list(bars))]

    def with_day(self, ticker: Ticker, scale: Scale, now_ns: int) -> Ticker:
        """The ticker with open, high, low and volume of the last 24 hours, to the minute."""
        instrument, minute = ticker.instrument, now_ns // _MINUTE_NS
        known = self._days.get(instrument)
        if known is None or known[0] != minute:
            known = self._days[instrument] = (minute, self._day_before(instrument, minute))
        day, bars = known[1], self._bars.get(instrument)
        if bars is not None and bars.minute == minute:
            day = list(bars.bar) if day is None else joined(day, bars.bar)
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
        """The day up to a minute: its whole hours, and the minutes before and after them."""
        begin = minute - DAY_MINUTES
        first_hour, last_hour = -(-begin // 60) * 60, minute // 60 * 60
        pieces = self._minutes(instrument, last_hour, minute)
        for at, bar in self._newest_first(instrument, 60):
            if at < first_hour:
                break
            if at < last_hour:
                pieces.append(bar)
        pieces += self._minutes(instrument, begin, first_hour)
        return reduce(joined, reversed(pieces)) if pieces else None

    def _minutes(self, instrument: str, begin: int, end: int) -> list[Bar]:
        """The bars of these minutes, newest first."""
        bars = self._bars.get(instrument)
        found = [(bars and bars.of(m)) or self._pasts.minute(instrument, m) for m in range(end - 1, begin - 1, -1)]
        return [bar for bar in found if bar is not None]

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
            is_closed=now_ns >= start_ns + granularity.seconds * NANOS,
        )

    def dump(self) -> dict[str, Any]:
        """The bars of its own trading, and where the invented past ends."""
        return {
            "bars": {
                name: {
                    "running": [bars.minute, *bars.bar],
                    "kept": {str(step): [[m, *bar] for m, bar in kept.items()] for step, kept in bars.kept.items()},
                }
                for name, bars in self._bars.items()
            },
            "origins": {name: attrs.asdict(origin) for name, origin in self._pasts.origins.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `dump`."""
        for name, data in state["bars"].items():
            bars = self._bars[name] = _Bars()
            bars.minute, *bars.bar = data["running"]
            for step, kept in bars.kept.items():
                kept.update((row[0], row[1:]) for row in data["kept"][str(step)])
        self._pasts.origins.update((name, Origin(**values)) for name, values in state["origins"].items())
