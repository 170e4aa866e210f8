"""Guarantees that an adapter gives over real sockets, each removed: to be mixed into any adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from venuekit.adapter import (
    Channel,
    Event,
    FillEvent,
    Order,
    OrderAlreadyDone,
    OrderRef,
    OrderRequest,
    VenueContext,
)

if TYPE_CHECKING:
    from venuekit_coinbase.adapter import CoinbaseVenue as Adapter  # any would do: it has every call
else:
    Adapter = object
V = TypeVar("V")


class ForgetsFillsAfterALoss(Adapter):
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


class TellsEveryFrame(Adapter):
    """A venue tells the same state often; this hands it on as news."""

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        return self._twice(super().subscribe(channel, instruments))

    async def _twice(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield event
            if isinstance(event, FillEvent):
                yield event


class PostsAgainUnderAnotherId(Adapter):
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


class PricesThroughFloats(Adapter):
    """A price was a float on its way."""

    async def submit(self, request: OrderRequest) -> Order:
        order = await super().submit(request)
        return order.but(price=order.price and Decimal(float(order.price)))

    async def order(self, order: OrderRef) -> Order:
        found = await super().order(order)
        return found.but(price=found.price and Decimal(float(found.price)))


class TakesRequestedForCanceled(Adapter):
    """That a cancel was asked for is not that it was done; this says that it was, whatever the order is."""

    async def cancel(self, order: OrderRef) -> Order:
        try:
            return await super().cancel(order)
        except OrderAlreadyDone:
            return await self.order(order)


#: Which checks see that a guarantee is gone: these and no others.
_GUARANTEES: dict[type[Any], str] = {
    ForgetsFillsAfterALoss: "STR-16",
    TellsEveryFrame: "STR-13 STR-16",
    PostsAgainUnderAnotherId: "IDE-01 IDE-02 IDE-03 IDE-04",
    PricesThroughFloats: "PRE-01",
    TakesRequestedForCanceled: "CXL-04 CXL-05",
}


def of(adapter: type[V]) -> dict[type[V], str]:
    """Copies of an adapter with these guarantees removed, and the checks that see it."""
    return {type(gone.__name__, (gone, adapter), {}): checks for gone, checks in _GUARANTEES.items()}
