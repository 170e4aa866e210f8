"""Copies of the Coinbase adapter, each with one guarantee removed that matters over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    Channel,
    Event,
    FillEvent,
    Order,
    OrderAlreadyDone,
    OrderRef,
    OrderRequest,
    Venue,
    VenueContext,
)
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_coinbase.factory import CoinbaseFactory
from venuekit_coinbase.own_frames import OwnFrames


class ForgetsFillsAfterALoss(CoinbaseVenue):
    """Of the second connection it only knows that there is one."""

    _connections = 0

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        events = super().subscribe(channel, instruments)
        if channel is not Channel.OWN_FILLS:
            return events
        self._connections += 1
        return self._without_fills(events) if self._connections > 1 else events

    async def _without_fills(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            if not isinstance(event, FillEvent):
                yield event


class TellsOldFillsAgain(CoinbaseVenue):
    """It does not learn what is no news before it connects."""

    def __init__(self, context: VenueContext) -> None:
        super().__init__(context)
        made = self.streams._own

        async def nothing() -> None:
            return

        def own(fills: bool) -> OwnFrames:
            frames: Any = made(fills)
            frames.begin = nothing
            return frames  # type: ignore[no-any-return]

        self.streams._own = own


class PostsAgainUnderAnotherId(CoinbaseVenue):
    """What was in doubt is sent as another order."""

    def __init__(self, context: VenueContext) -> None:
        super().__init__(context)
        self._sent: set[str | None] = set()

    async def submit(self, request: OrderRequest) -> Order:
        name = request.client_order_id
        if name not in self._sent:
            self._sent.add(name)
            return await super().submit(request)
        again = await super().submit(attrs.evolve(request, client_order_id=f"{name}-again"))
        return again.but(client_order_id=name)


class PricesThroughFloats(CoinbaseVenue):
    """A price was a float on its way."""

    async def submit(self, request: OrderRequest) -> Order:
        order = await super().submit(request)
        return order.but(price=order.price and Decimal(float(order.price)))

    async def order(self, order: OrderRef) -> Order:
        found = await super().order(order)
        return found.but(price=found.price and Decimal(float(found.price)))


class TakesRequestedForCanceled(CoinbaseVenue):
    """To a cancel the venue says that it was asked for; this says that it was done, whatever the order is."""

    async def cancel(self, order: OrderRef) -> Order:
        try:
            return await super().cancel(order)
        except OrderAlreadyDone:
            return await self.order(order)


class TellsEveryFrame(CoinbaseVenue):
    """The user channel tells the same state often; this hands it on as news."""

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        return self._twice(super().subscribe(channel, instruments))

    async def _twice(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield event
            if isinstance(event, FillEvent):
                yield event


class Factory(CoinbaseFactory):
    """Makes sessions of a broken class, on the double."""

    contract_profile = "venuekit_doubles.coinbase.contract"

    def __init__(self, kind: type[CoinbaseVenue]) -> None:
        self._kind = kind

    def create(self, context: VenueContext) -> Venue:
        return self._kind(context)


#: Which checks see that a guarantee is gone: these and no others.
GUARANTEES: dict[type[CoinbaseVenue], str] = {
    ForgetsFillsAfterALoss: "STR-16",
    TellsOldFillsAgain: "STR-16",
    TellsEveryFrame: "STR-13 STR-16",
    PostsAgainUnderAnotherId: "IDE-01 IDE-02 IDE-03 IDE-04",
    PricesThroughFloats: "PRE-01",
    TakesRequestedForCanceled: "CXL-04 CXL-05",
}
