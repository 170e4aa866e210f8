"""Frames of the public channels as events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Channel,
    Event,
    GapEvent,
    Level,
    OrderBook,
    Side,
    TickerEvent,
    TradeEvent,
    VenueDown,
)
from venuekit_coinbase.instruments import VENUE
from venuekit_coinbase.market_words import ticker_from_frame, trade_from
from venuekit_coinbase.reading import amount, positive, rows, text, time_ns
from venuekit_coinbase.strange import Strange

Read = Callable[[Mapping[str, Any], int], Iterator[Event]]
_SIDES = {"bid": Side.BUY, "offer": Side.SELL, "ask": Side.SELL}


class Names:
    """Which products were asked for, by the name under which frames tell of them.

    A -USDC product is an alias: its frames come under the -USD name (venue's documents, 2026-11).
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names` has each product asked for, with its alias or an empty text."""
        self._asked: dict[str, list[str]] = {}
        for name, alias in names.items():
            for told in {name, alias} - {""}:
                self._asked.setdefault(told, []).append(name)

    def of(self, told: str) -> Sequence[str]:
        """The products asked for that a frame's name means."""
        return self._asked.get(told, ())


class Tickers:
    """The ``ticker`` channel. One that cannot be read is left out: the next is whole."""

    def __init__(self, names: Names, strange: Strange) -> None:
        self._names = names
        self._strange = strange

    def __call__(self, frame: Mapping[str, Any], at_ns: int) -> Iterator[Event]:
        """The tickers of a frame."""
        for event in rows(frame, "events"):
            for row in rows(event, "tickers"):
                for name in self._names.of(text(row, "product_id")):
                    try:
                        ticker = ticker_from_frame({**row, "product_id": name}, at_ns, None)
                    except VenueDown as error:
                        self._strange(error.message)
                    else:
                        yield TickerEvent(venue=VENUE, instrument=name, time_ns=at_ns, ticker=ticker)


class Trades:
    """The ``market_trades`` channel, oldest first; the snapshot it begins with is of trades before.

    One that cannot be read is a gap.
    """

    def __init__(self, names: Names, strange: Strange) -> None:
        self._names = names
        self._strange = strange

    def __call__(self, frame: Mapping[str, Any], at_ns: int) -> Iterator[Event]:
        """The trades of a frame."""
        for event in rows(frame, "events"):
            if text(event, "type") == "snapshot":
                continue
            for row in reversed(rows(event, "trades")):
                for name in self._names.of(text(row, "product_id")):
                    try:
                        trade = trade_from(row, name)
                    except VenueDown as error:
                        self._strange(error.message)
                        yield GapEvent(venue=VENUE, instrument=name, time_ns=at_ns, channel=Channel.TRADES)
                    else:
                        yield TradeEvent(venue=VENUE, instrument=name, time_ns=trade.time_ns or at_ns, trade=trade)


class Books:
    """The ``level2`` channel: a snapshot, then levels with their new sizes. Each book has numbers of its own.

    Without one level the book is another, so one that cannot be read ends the connection: the next has whole books.
    """

    def __init__(self, names: Names, strange: Strange) -> None:
        self._names = names
        self._strange = strange
        self._numbers: dict[str, int] = {}

    def __call__(self, frame: Mapping[str, Any], at_ns: int) -> Iterator[Event]:
        """The snapshots and changes of a frame. Raises VenueDown for what cannot be read."""
        try:
            yield from self._events(frame, at_ns)
        except VenueDown as error:
            self._strange(error.message)
            raise

    def _events(self, frame: Mapping[str, Any], at_ns: int) -> Iterator[Event]:
        for event in rows(frame, "events"):
            updates = rows(event, "updates")
            whole = text(event, "type") == "snapshot"
            for name in self._names.of(text(event, "product_id")):
                if whole:
                    yield self._snapshot(name, updates, at_ns)
                elif name in self._numbers and updates:
                    yield self._delta(name, updates, at_ns)

    def _snapshot(self, name: str, updates: Sequence[Mapping[str, Any]], at_ns: int) -> Event:
        self._numbers[name] = self._numbers.get(name, 0) + 1
        bids, asks = _sides(updates)
        book = OrderBook(
            venue=VENUE,
            instrument=name,
            time_ns=at_ns,
            bids=tuple(sorted((x for x in bids if x.size > 0), key=lambda x: x.price, reverse=True)),
            asks=tuple(sorted((x for x in asks if x.size > 0), key=lambda x: x.price)),
            sequence=self._numbers[name],
        )
        return BookSnapshot(venue=VENUE, instrument=name, time_ns=at_ns, sequence=book.sequence, book=book)

    def _delta(self, name: str, updates: Sequence[Mapping[str, Any]], at_ns: int) -> Event:
        self._numbers[name] += 1
        bids, asks = _sides(updates)
        return BookDelta(
            venue=VENUE,
            instrument=name,
            time_ns=at_ns,
            sequence=self._numbers[name],
            bids=tuple(bids),
            asks=tuple(asks),
        )


def _sides(updates: Sequence[Mapping[str, Any]]) -> tuple[list[Level], list[Level]]:
    bids: dict[Any, Level] = {}
    asks: dict[Any, Level] = {}
    for row in updates:
        price, side, size = positive(row, "price_level"), _SIDES.get(text(row, "side")), amount(row, "new_quantity")
        if price is None or side is None or size is None:
            raise VenueDown("Coinbase told of a level without price, side or size.", fix="Try again.")
        (bids if side is Side.BUY else asks)[price] = Level(price, size)
    return list(bids.values()), list(asks.values())


def frame_time(frame: Mapping[str, Any], now_ns: int) -> int:
    """When the venue made a frame."""
    return time_ns(frame, "timestamp") or now_ns
