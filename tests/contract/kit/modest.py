"""A copy of the paper exchange that declares less than it could, and refuses what it does not declare."""

from __future__ import annotations

from collections.abc import Sequence
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
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.factory import PaperFactory

_NO = Declared(Support.UNSUPPORTED, "a modest exchange has no such thing")
_NOT_YET = Declared(Support.NOT_IMPLEMENTED, "nobody has asked for it")
_MISSING = {Feature.SEARCH, Feature.TRANSFERS, Feature.AMEND, Feature.CANCEL_ALL, Feature.POST_ONLY, Feature.QUOTE_SIZE}
MODEST = attrs.evolve(
    CAPABILITIES,
    features={f: _NOT_YET if f in _MISSING else FULL for f in Feature},
    order_types={t: _NO if t is OrderType.STOP else FULL for t in OrderType},
    times_in_force={t: _NO if t is TimeInForce.DAY else FULL for t in TimeInForce},
    channels={c: _NO if c is Channel.STATUS else FULL for c in Channel},
    granularities=(Granularity.ONE_MINUTE, Granularity.ONE_HOUR),
)


async def _refuse(*_: object, **__: object) -> Any:
    raise Unsupported("A modest exchange cannot do that.")


class ModestVenue(PaperVenue):
    """Paper, with things missing."""

    search = transfers = amend = cancel_all = _refuse

    @property
    def capabilities(self) -> Capabilities:
        return MODEST

    async def submit(self, request: OrderRequest) -> Order:
        validate(request, await self.instrument(request.instrument), MODEST, now_ns=0)
        return await super().submit(request)

    async def candles(self, instrument: str, granularity: Granularity, **which: int | None) -> Sequence[Candle]:
        if granularity not in MODEST.granularities:
            raise Unsupported(f"There are no candles of {granularity.value}.")
        return await super().candles(instrument, granularity, **which)  # type: ignore[arg-type]

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Any:
        if not MODEST.can(channel):
            raise Unsupported(f"There is no channel {channel.value}.")
        return super().subscribe(channel, instruments)


class ModestFactory(PaperFactory):
    """Makes modest sessions."""

    @property
    def capabilities(self) -> Capabilities:
        return MODEST

    def create(self, context: VenueContext) -> Venue:
        return ModestVenue(context)
