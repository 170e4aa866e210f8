"""Quotes, books, trades and candles."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import attrs

from venuekit.model.identity import InstrumentId, VenueName
from venuekit.model.intent import Side
from venuekit.model.money import minus, plus, ratio

_TWO = Decimal(2)


@attrs.frozen
class Level:
    """A price and the total size resting at it."""

    price: Decimal
    size: Decimal


@attrs.frozen(kw_only=True)
class Ticker:
    """The best prices and the last trade. A side without orders is None, never zero.

    `volume_24h` is in base units.
    """

    venue: VenueName
    instrument: InstrumentId
    time_ns: int
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    last: Decimal | None = None
    last_size: Decimal | None = None
    #: The price that margin and unrealized profit use, where it differs from `last`.
    mark: Decimal | None = None
    open_24h: Decimal | None = None
    high_24h: Decimal | None = None
    low_24h: Decimal | None = None
    volume_24h: Decimal | None = None
    sequence: int | None = None

    @property
    def mid(self) -> Decimal | None:
        """The middle of bid and ask; None when either is missing."""
        if self.bid is None or self.ask is None:
            return None
        return ratio(plus(self.bid, self.ask), _TWO)


@attrs.frozen(kw_only=True)
class OrderBook:
    """Bids from high to low, asks from low to high, one level a price."""

    venue: VenueName
    instrument: InstrumentId
    time_ns: int
    bids: Sequence[Level]
    asks: Sequence[Level]
    sequence: int | None = None

    @property
    def best_bid(self) -> Level:
        """The highest bid. Raises LookupError on an empty side."""
        if not self.bids:
            raise LookupError(f"{self.instrument} has no bids")
        return self.bids[0]

    @property
    def best_ask(self) -> Level:
        """The lowest ask. Raises LookupError on an empty side."""
        if not self.asks:
            raise LookupError(f"{self.instrument} has no asks")
        return self.asks[0]

    @property
    def mid(self) -> Decimal | None:
        """The middle of the best prices; None when a side is empty."""
        if not self.bids or not self.asks:
            return None
        return ratio(plus(self.bids[0].price, self.asks[0].price), _TWO)

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, in quote units; None when a side is empty."""
        if not self.bids or not self.asks:
            return None
        return minus(self.asks[0].price, self.bids[0].price)


@attrs.frozen(kw_only=True)
class Trade:
    """A public trade. `taker_side` is the aggressor's."""

    id: str
    venue: VenueName
    instrument: InstrumentId
    price: Decimal
    size: Decimal
    taker_side: Side | None
    time_ns: int


class Granularity(StrEnum):
    """The length of a candle."""

    ONE_MINUTE = "1m"
    FIVE_MINUTES = "5m"
    FIFTEEN_MINUTES = "15m"
    THIRTY_MINUTES = "30m"
    ONE_HOUR = "1h"
    TWO_HOURS = "2h"
    FOUR_HOURS = "4h"
    SIX_HOURS = "6h"
    ONE_DAY = "1d"

    @property
    def seconds(self) -> int:
        """Its length in seconds."""
        return int(self.value[:-1]) * {"m": 60, "h": 3600, "d": 86400}[self.value[-1]]


@attrs.frozen(kw_only=True)
class Candle:
    """Open, high, low, close over ``[start_ns, start_ns + granularity)``; `volume` in base units.

    `is_closed` is False for the candle that is still being traded.
    """

    venue: VenueName
    instrument: InstrumentId
    granularity: Granularity
    start_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    is_closed: bool = True
