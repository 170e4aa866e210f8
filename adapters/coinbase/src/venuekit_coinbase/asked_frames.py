"""Channels whose frames only say that something is to be asked for: candles and the status of products."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from venuekit.adapter import (
    NANOS,
    Candle,
    CandleEvent,
    Clock,
    Event,
    Granularity,
    InstrumentEvent,
    Unavailable,
)
from venuekit_coinbase.api import Api
from venuekit_coinbase.instruments import VENUE, Instruments
from venuekit_coinbase.market import Market
from venuekit_coinbase.public_frames import Names
from venuekit_coinbase.reading import rows, text

#: How often candles that may have changed are asked for, at most.
_EVERY_NS = 2 * NANOS
_MINUTE_NS = 60 * NANOS


class LiveCandles:
    """One-minute candles, asked for while trades come: the venue streams candles of five minutes only."""

    def __init__(self, market: Market, names: Names, clock: Clock) -> None:
        self._market = market
        self._names = names
        self._clock = clock
        #: Instruments that traded, and the minute until which their candles may still change.
        self._due: dict[str, int] = {}
        self._asked_ns: int | None = None
        self._told: dict[tuple[str, int], Candle] = {}

    async def events(self, frame: Mapping[str, Any], at_ns: int) -> AsyncIterator[Event]:
        """Candles that changed since they were told last. Heartbeats bring this about once a second."""
        for event in rows(frame, "events"):
            for row in rows(event, "trades"):
                for name in self._names.of(text(row, "product_id")):
                    self._due[name] = (at_ns // _MINUTE_NS + 1) * _MINUTE_NS
        now = self._clock.monotonic_ns()
        if not self._due or (self._asked_ns is not None and now - self._asked_ns < _EVERY_NS):
            return
        self._asked_ns = now
        for name, over_ns in list(self._due.items()):
            try:
                candles = await self._market.candles(name, Granularity.ONE_MINUTE, None, None, 2)
            except Unavailable:
                continue  # asked for again with the next heartbeat
            for candle in candles:
                key = (name, candle.start_ns)
                if self._told.get(key) != candle:
                    self._told[key] = candle
                    yield CandleEvent(venue=VENUE, instrument=name, time_ns=at_ns, candle=candle)
            if any(c.start_ns + _MINUTE_NS >= over_ns and c.is_closed for c in candles):
                del self._due[name]
        for key in [k for k in self._told if k[1] < at_ns - 10 * _MINUTE_NS]:
            del self._told[key]


class Statuses:
    """The ``status`` channel: a product whose row changed is asked for, since frames have only a part of its rules."""

    def __init__(self, api: Api, instruments: Instruments, wanted: frozenset[str], *, private: bool) -> None:
        self._api = api
        self._instruments = instruments
        self._wanted = wanted
        self._private = private
        self._rows: dict[str, Mapping[str, Any]] = {}

    async def events(self, frame: Mapping[str, Any], at_ns: int) -> AsyncIterator[Event]:
        """Instruments that are otherwise than they were told."""
        for event in rows(frame, "events"):
            for row in rows(event, "products"):
                name = text(row, "id") or text(row, "product_id")
                before = self._rows.get(name)
                self._rows[name] = row
                if before is None or before == row or (self._wanted and name not in self._wanted):
                    continue
                sdk = self._api.sdk
                body = await self._api.ask(
                    sdk.get_product if self._private else sdk.get_public_product, product_id=name
                )
                changed = self._instruments.changed(body)
                if changed is not None:
                    yield InstrumentEvent(venue=VENUE, instrument=name, time_ns=at_ns, changed=changed)
