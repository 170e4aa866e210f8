"""Canceling one order, many, those of an outcome, or all; and what became of each."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from venuekit.adapter import (
    ZERO,
    CancelResult,
    Clock,
    InvalidValue,
    Order,
    OrderAlreadyDone,
    OrderRef,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    VenuekitError,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.errors import clean
from venuekit_polymarket.finding import Finder
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.orders import Orders
from venuekit_polymarket.reading import table

#: Orders of one request, at most (venue's documents, 2026-06).
_MOST_AT_ONCE = 1_000
#: Waits between questions for a trade that would explain why an order is gone, in seconds.
_WAITS = (0.1, 0.2, 0.4, 0.8)
#: The venue says so of an order that has ended meanwhile.
_ENDED = ("can't be found", "already canceled", "matched", "not found")


class Canceling:
    """Cancels orders of one account."""

    def __init__(self, api: Api, orders: Orders, finder: Finder, ledger: Ledger, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._orders = orders
        self._finder = finder
        self._ledger = ledger

    async def cancel(self, ref: OrderRef) -> Order:
        """Cancel an order, and say how it has ended.

        Raises:
            UnknownOrder, OrderAlreadyDone. Rejected: the venue does not cancel it now. OutcomeUnknown: it may be open.
        """
        order = await self._finder.find(ref)
        if order.is_done:
            raise _done(order)
        asked_before = self._finder.is_leaving(order)
        self._finder.leaving([order])
        body = await self._api.change(
            "DELETE", "/order", {"orderID": order.venue_order_id}, what=f"to cancel {order.id}"
        )
        canceled, why = _said(body, order)
        if canceled:
            return await self._ended(order)
        if why and any(words in why.lower() for words in _ENDED):
            raise _done(await self._over(order, explained=asked_before))
        if why:
            raise _refused(order, why)
        raise OutcomeUnknown(f"Polymarket does not say whether {order.id} was canceled.", order_id=order.id)

    async def _ended(self, order: Order) -> Order:
        """The order after it was canceled, with what of it was filled before."""
        order = self._orders.canceled(order)
        with contextlib.suppress(Unavailable):  # a fill that is not known yet comes by the stream
            await self._ledger.cover(order.created_ns)
        return self._orders.canceled(order)

    async def _over(self, order: Order, *, explained: bool) -> Order:
        """An order that has ended, as the venue says: how, its fills say.

        Its words are the same for one that was matched in this very moment, whose trade may be listed a little later.
        Whoever reads "canceled" may place it again: so that is believed at once only where a cancel explains it.
        """
        for wait in _WAITS if not explained else ():
            await self._ledger.cover(order.created_ns)
            if self._orders.counted(order.venue_order_id or "") >= (order.size or ZERO):
                break
            await self._clock.sleep(wait)
        after = await self._finder.find(OrderRef.of(order))
        if after.is_done:
            return after
        await self._ledger.cover(order.created_ns)
        return self._orders.ended(after)

    async def cancel_all(self, instrument: str | None) -> Sequence[CancelResult]:
        """Cancel every open order of the account, or of an outcome: one request, whoever placed them."""
        there = [order async for order in self._finder.open(instrument)]
        if not there:
            return []
        self._finder.leaving(there)
        if instrument is None:
            body = await self._api.change("DELETE", "/cancel-all", what="to cancel all orders")
        else:
            body = await self._market(asset_id=instrument)
        return [await self._result(order, body) for order in there]

    async def cancel_market(self, condition_id: str) -> Sequence[CancelResult]:
        """Cancel every open order of both outcomes of a market. An empty id is refused: it would be every order's."""
        body = await self._market(market=condition_id)
        ids = [*_canceled(body), *table(body, "not_canceled")]
        found = [order for order in map(self._orders.known, ids) if order is not None]
        return [await self._result(order, body) for order in found]

    async def _market(self, **named: str) -> Any:
        if not named or not all(named.values()):
            raise InvalidValue(
                "Canceling by market needs a market or an outcome: without one the venue cancels every order.",
                fix="Name the market, or cancel all in so many words.",
                field="instrument",
            )
        return await self._api.change("DELETE", "/cancel-market-orders", named, what="to cancel the market's orders")

    async def cancel_many(self, orders: Sequence[Order]) -> Sequence[CancelResult]:
        """Cancel these orders and no others."""
        results: list[CancelResult] = []
        for start in range(0, len(orders), _MOST_AT_ONCE):
            some = orders[start : start + _MOST_AT_ONCE]
            self._finder.leaving(some)
            try:
                ids = [order.venue_order_id for order in some]
                body = await self._api.change("DELETE", "/orders", ids, what="to cancel the orders")
                results += [await self._result(order, body) for order in some]
            except VenuekitError as error:
                results += [CancelResult(OrderRef.of(order), error.code, error.message) for order in some]
        return results

    async def _result(self, order: Order, body: Any) -> CancelResult:
        ref = OrderRef.of(order)
        canceled, why = _said(body, order)
        if canceled:
            self._orders.canceled(order)
            return CancelResult(ref)
        if not why:
            return CancelResult(ref, OutcomeUnknown.code, "Polymarket does not say what became of the request.")
        error = _refused(order, why)
        return CancelResult(ref, error.code, error.message)


def _canceled(body: Any) -> list[str]:
    found = body.get("canceled") if isinstance(body, Mapping) else None
    return [str(one) for one in found] if isinstance(found, list) else []


def _said(body: Any, order: Order) -> tuple[bool, str]:
    """Whether it was canceled, or why not; neither when the answer does not say."""
    order_id = order.venue_order_id or ""
    return order_id in _canceled(body), str(table(body, "not_canceled").get(order_id) or "")


def _refused(order: Order, why: str) -> Rejected:
    said = clean(why)
    return Rejected(f"Polymarket did not cancel {order.id}: {said}.", details={"venue_code": said})


def _done(order: Order) -> OrderAlreadyDone:
    return OrderAlreadyDone(f"{order.id} is {order.status.value} already.", order_id=order.id)
