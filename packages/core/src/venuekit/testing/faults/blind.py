"""A venue that does not tell our client order ids, as some do not: orders are then found by what they look like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from venuekit.errors import UnknownOrder
from venuekit.model.account import Page
from venuekit.model.events import Event, FillEvent, OrderEvent
from venuekit.model.order import CancelResult, Fill, Order, OrderRef

_LOOKUPS = frozenset({"order", "cancel", "amend"})


class Blind:
    """Takes our ids out of everything that the venue says; an order can only be asked for by the venue's id."""

    def call(self, name: str, member: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The venue's call `name`, without our ids."""

        async def call(*args: Any, **kwargs: Any) -> Any:
            if name in _LOOKUPS:
                ref: OrderRef = args[0]
                if ref.venue_order_id is None:
                    raise UnknownOrder("No such order.", field="order_id")
                args = (attrs.evolve(ref, client_order_id=None), *args[1:])
            return self._without(await member(*args, **kwargs))

        return call

    def event(self, event: Event) -> Event:
        """An event without our ids."""
        if isinstance(event, OrderEvent):
            return attrs.evolve(event, order=self._without(event.order), fill=self._without(event.fill))
        if isinstance(event, FillEvent):
            return attrs.evolve(event, fill=self._without(event.fill))
        return event

    def _without(self, answer: Any) -> Any:
        if isinstance(answer, Order):
            return answer.but(client_order_id=None)
        if isinstance(answer, Fill | OrderRef):
            return attrs.evolve(answer, client_order_id=None)
        if isinstance(answer, CancelResult):
            return attrs.evolve(answer, order=self._without(answer.order))
        if isinstance(answer, Page):
            return attrs.evolve(answer, items=tuple(self._without(item) for item in answer.items))
        if isinstance(answer, list | tuple):
            return [self._without(item) for item in answer]
        return answer
