"""The invented past of a new exchange, so that every granularity has candles from the start."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator

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


class Pasts:
    """The pasts of all markets, made backward and as far as somebody looks; a seed gives the same ones always."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.origins: dict[str, Origin] = {}
        self._made: dict[str, array[int]] = {}
        self._makers: dict[str, Iterator[Bar]] = {}

    def newest_first(self, instrument: str) -> Iterator[tuple[int, Bar]]:
        """Minutes and their bars, back to the beginning of a day."""
        origin = self.origins.get(instrument)
        if origin is None:
            return
        made = self._made.setdefault(instrument, array("q"))
        first = max(0, (origin.minute // DAY_MINUTES - PAST_DAYS) * DAY_MINUTES)
        for place, minute in enumerate(range(origin.minute - 1, first - 1, -1)):
            if len(made) == place * 5:
                made.extend(next(self._maker(instrument, origin)))
            yield minute, list(made[place * 5 : place * 5 + 5])

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
        for _, (opened, high, low, close, _) in self.newest_first(leader):
            lots = 1 + rng.randrange(2 * o.lots)
            if o.mirrors:
                yield [one - opened, one - low, one - high, one - close, lots]
            else:
                yield [*(_on_tick(price, finer, o.tick) for price in (opened, high, low, close)), lots]


def _walk(o: Origin, rng: random.Random) -> Iterator[Bar]:
    """A random walk backward from the origin that is pulled to its price."""
    close = exact = o.price  # the walk itself is not rounded: rounding down each minute would make it drift
    while True:
        away = o.price - exact
        pull = away // DAY_MINUTES if away >= 0 else -(-away // DAY_MINUTES)
        exact += pull + rng.randrange(-o.move, o.move + 1) + rng.randrange(-o.move, o.move + 1)
        exact = min(max(exact, o.low), o.high)
        opened = exact - exact % o.tick
        room = o.move // o.tick + 1
        high = min(max(opened, close) + rng.randrange(room) * o.tick, o.high)
        low = max(min(opened, close) - rng.randrange(room) * o.tick, o.low)
        yield [opened, high, low, close, 1 + rng.randrange(2 * o.lots)]
        close = opened


def _on_tick(price: int, finer: int, tick: int) -> int:
    """A price in units that are `finer` decimal places finer, rounded down to a tick."""
    scaled: int = price * 10**finer if finer >= 0 else price // 10**-finer
    return scaled - scaled % tick
