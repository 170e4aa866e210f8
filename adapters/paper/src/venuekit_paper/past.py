"""The invented past of a new exchange, so that every granularity has candles from the start."""

from __future__ import annotations

import random
import struct
from array import array
from collections.abc import Iterator
from itertools import chain, islice

import attrs

#: open, high, low, close, lots
Bar = list[int]

DAY_MINUTES = 1440
#: Whole days of past that a new exchange has before its first one.
PAST_DAYS = 10


@attrs.frozen
class Origin:
    """Where a market's past ends: its first own minute, the price there, and how much a minute moves it."""

    minute: int
    price: int
    move: int
    lots: int
    tick: int
    low: int
    high: int
    price_digits: int
    #: The market whose past this one's follows, at the same prices or, when it is the other outcome, at one minus them.
    follows: str | None = None
    mirrors: bool = False

    @property
    def first(self) -> int:
        """The past's first minute, which begins a day."""
        return max(0, (self.minute // DAY_MINUTES - PAST_DAYS) * DAY_MINUTES)


class Pasts:
    """The pasts of all markets, made backward and as far as somebody looks; a seed gives the same ones always."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.origins: dict[str, Origin] = {}
        self._makers: dict[str, Iterator[Bar]] = {}
        #: Five numbers a minute, the newest first.
        self._minutes: dict[str, array[int]] = {}
        #: Hours, or what there is of them, with their first minute.
        self._hours: dict[str, list[tuple[int, Bar]]] = {}

    def minute(self, instrument: str, minute: int) -> Bar | None:
        """One minute's bar; None before the past's beginning and after its end."""
        origin = self.origins.get(instrument)
        if origin is None or not origin.first <= minute < origin.minute:
            return None
        return list(self._made(instrument, origin, minute, minute + 1))

    def newest_first(self, instrument: str, step: int) -> Iterator[tuple[int, Bar]]:
        """Bars with their first minute, back to the beginning of a day: of a minute, or of an hour for longer steps."""
        origin = self.origins.get(instrument)
        if origin is None:
            return
        if step >= 60:
            yield from self._by_the_hour(instrument, origin)
            return
        for minute in range(origin.minute - 1, origin.first - 1, -1):
            yield minute, list(self._made(instrument, origin, minute, minute + 1))

    def _by_the_hour(self, instrument: str, origin: Origin) -> Iterator[tuple[int, Bar]]:
        known = self._hours.setdefault(instrument, [])
        end, place = origin.minute, 0
        while end > origin.first:
            if place == len(known):
                start = (end - 1) // 60 * 60
                made = self._made(instrument, origin, start, end)
                known.append((start, [made[-5], max(made[1::5]), min(made[2::5]), made[3], sum(made[4::5])]))
            yield known[place]
            end, place = known[place][0], place + 1

    def _made(self, instrument: str, origin: Origin, start: int, end: int) -> array[int]:
        """The numbers of these minutes, the newest minute first."""
        made = self._minutes.setdefault(instrument, array("q"))
        missing = origin.minute - start - len(made) // 5
        if missing > 0:
            made.extend(chain.from_iterable(islice(self._maker(instrument, origin), missing)))
        return made[(origin.minute - end) * 5 : (origin.minute - start) * 5]

    def _maker(self, instrument: str, origin: Origin) -> Iterator[Bar]:
        found = self._makers.get(instrument)
        if found is None:
            rng = random.Random(f"{self._seed}:{instrument}")  # noqa: S311 - a market, not a secret
            follows = origin.follows
            found = _walk(origin, rng) if follows is None else self._followed(origin, follows, rng)
            self._makers[instrument] = found
        return found

    def _followed(self, o: Origin, leader: str, rng: random.Random) -> Iterator[Bar]:
        """The leader's bars as this market's."""
        one = int(10**o.price_digits)
        finer = o.price_digits - self.origins[leader].price_digits
        for _, (opened, high, low, close, _) in self.newest_first(leader, 1):
            lots = 1 + rng.getrandbits(32) % (2 * o.lots)
            if o.mirrors:
                yield [one - opened, one - low, one - high, one - close, lots]
            else:
                yield [*(_on_tick(price, finer, o.tick) for price in (opened, high, low, close)), lots]


def joined(first: Bar, second: Bar) -> Bar:
    """The bar of two that follow each other."""
    return [first[0], max(first[1], second[1]), min(first[2], second[2]), second[3], first[4] + second[4]]


def _walk(o: Origin, rng: random.Random) -> Iterator[Bar]:
    """A random walk backward from the origin that is pulled to its price."""
    close = exact = o.price  # the walk itself is not rounded: rounding down each minute would make it drift
    span, room, most = 2 * o.move + 1, o.move // o.tick + 1, 2 * o.lots
    while True:
        # One draw for all of a minute's numbers: a day of seven markets is fifty thousand of them.
        one, two, up, down, lots = struct.unpack("<5I", rng.randbytes(20))
        away = o.price - exact
        pull = away // DAY_MINUTES if away >= 0 else -(-away // DAY_MINUTES)
        exact += pull + one % span + two % span - 2 * o.move
        exact = min(max(exact, o.low), o.high)
        opened = exact - exact % o.tick
        high = min(max(opened, close) + up % room * o.tick, o.high)
        low = max(min(opened, close) - down % room * o.tick, o.low)
        yield [opened, high, low, close, 1 + lots % most]
        close = opened


def _on_tick(price: int, finer: int, tick: int) -> int:
    """A price in units that are `finer` decimal places finer, rounded down to a tick."""
    scaled: int = price * 10**finer if finer >= 0 else price // 10**-finer
    return scaled - scaled % tick
