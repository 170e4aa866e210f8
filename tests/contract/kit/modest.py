"""Copies of the paper exchange that declare less than it can, and refuse what they do not declare."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import attrs

from venuekit.adapter import (
    FULL,
    Candle,
    Capabilities,
    Channel,
    Declared,
    Feature,
    Granularity,
    Order,
    OrderRequest,
    OrderType,
    Support,
    TimeInForce,
    Unsupported,
    Venue,
    VenueContext,
    validate,
)
from venuekit_paper import contract
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.factory import PaperFactory

_NO = Declared(Support.UNSUPPORTED, "a modest exchange has no such thing")
_NOT_YET = Declared(Support.NOT_IMPLEMENTED, "nobody has asked for it")
_MISSING = {Feature.SEARCH, Feature.TRANSFERS, Feature.AMEND, Feature.CANCEL_ALL, Feature.POST_ONLY, Feature.QUOTE_SIZE}
_DATA = {Feature.SEARCH, Feature.TICKER, Feature.TRADES, Feature.CANDLES, Feature.SERVER_TIME}

#: Trades, with things missing here and there.
MODEST = attrs.evolve(
    CAPABILITIES,
    features={f: _NOT_YET if f in _MISSING else FULL for f in Feature},
    order_types={t: _NO if t is OrderType.STOP else FULL for t in OrderType},
    times_in_force={t: _NO if t is TimeInForce.DAY else FULL for t in TimeInForce},
    channels={c: _NO if c is Channel.STATUS else FULL for c in Channel},
    granularities=(Granularity.ONE_MINUTE, Granularity.ONE_HOUR),
)
#: Shows prices, not even books, and takes no orders.
DATA_ONLY = attrs.evolve(
    CAPABILITIES,
    features={f: FULL if f in _DATA else _NO for f in Feature},
    order_types=dict.fromkeys(OrderType, _NO),
    times_in_force=dict.fromkeys(TimeInForce, _NO),
    channels={c: FULL if c is Channel.TICKER else _NO for c in Channel},
)

_CALLS = {
    "tickers": Feature.TICKER,
    "order": Feature.ORDER_BY_CLIENT_ID,
    "server_time_ns": Feature.SERVER_TIME,
    **{feature.value: feature for feature in Feature if hasattr(PaperVenue, feature.value)},
}


async def _refuse(*_: object, **__: object) -> Any:
    raise Unsupported("A modest exchange cannot do that.")


class ModestVenue(PaperVenue):
    """Paper, with things missing."""

    def __init__(self, context: VenueContext, declared: Capabilities) -> None:
        super().__init__(context)
        self._declared = declared

    def __getattribute__(self, name: str) -> Any:
        feature = _CALLS.get(name)
        if feature is not None and not super().__getattribute__("_declared").can(feature):
            return _refuse
        return super().__getattribute__(name)

    @property
    def capabilities(self) -> Capabilities:
        return self._declared

    async def submit(self, request: OrderRequest) -> Order:
        validate(request, await self.instrument(request.instrument), self._declared, now_ns=0)
        return await super().submit(request)

    async def candles(self, instrument: str, granularity: Granularity, **which: int | None) -> Sequence[Candle]:
        if granularity not in self._declared.granularities:
            raise Unsupported(f"There are no candles of {granularity.value}.")
        return await super().candles(instrument, granularity, **which)  # type: ignore[arg-type]

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Any:
        if not self._declared.can(channel):
            raise Unsupported(f"There is no channel {channel.value}.")
        return super().subscribe(channel, instruments)


class ModestFactory(PaperFactory):
    """Makes sessions of what is declared; the kit trades `instruments`, or chooses for itself."""

    contract_profile: Any

    def __init__(self, declared: Capabilities, *instruments: str) -> None:
        self._declared = declared
        told = {name: value for name, value in vars(contract).items() if not name.startswith("_")}
        self.contract_profile = SimpleNamespace(**{**told, "instruments": instruments})

    @property
    def capabilities(self) -> Capabilities:
        return self._declared

    def create(self, context: VenueContext) -> Venue:
        return ModestVenue(context, self._declared)
