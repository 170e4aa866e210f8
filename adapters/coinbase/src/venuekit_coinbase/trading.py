"""Placing, changing and canceling orders, and what each of the venue's answers leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    CancelResult,
    ClientOrderIdReused,
    Clock,
    InvalidValue,
    Order,
    OrderAlreadyDone,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    Rejected,
    TimeInForce,
    Unavailable,
    UnknownOrder,
    Unsupported,
    VenueDown,
    VenuekitError,
    VenuePermission,
    plain,
    positive_amount,
    validate,
)
from venuekit_coinbase.api import Api, body_of
from venuekit_coinbase.capabilities import CAPABILITIES
from venuekit_coinbase.client import Call, plan
from venuekit_coinbase.errors import reason_in, refusal
from venuekit_coinbase.history import History
from venuekit_coinbase.instruments import Instruments
from venuekit_coinbase.order_words import configuration
from venuekit_coinbase.orders import Orders, difference
from venuekit_coinbase.reading import rows, table, text
from venuekit_coinbase.rules import check_change

#: Orders of one cancel request, at most (venue's documents, 2026-11).
_MOST_CANCELED = 100
_NO_REASON = ("", "UNKNOWN_CANCEL_FAILURE_REASON")


class Trading:
    """Orders of one account."""

    def __init__(self, api: Api, orders: Orders, history: History, instruments: Instruments, clock: Clock) -> None:
        self._api = api
        self._orders = orders
        self._history = history
        self._instruments = instruments
        self._clock = clock

    # -- placing

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order, and say how the venue has it.

        An answer that is lost is asked for by posting the very same body once more, which places nothing twice: the
        venue documents that an id it knows returns its order ("the order will not be created and the order
        corresponding with that ID will be returned", Create Order, 2026-11).

        Raises:
            ClientOrderIdReused: the id belongs to another order. OutcomeUnknown: the second answer was lost too.
            And what `venuekit_coinbase.errors` makes of a refusal.
        """
        instrument = await self._instruments.one(request.instrument)
        request = validate(request, instrument, CAPABILITIES, now_ns=self._clock.now_ns())
        call = plan(
            self._api.sdk.create_order,
            client_order_id=request.client_order_id,
            product_id=instrument.id,
            side=request.side.value,
            order_configuration=configuration(request),
        )
        try:
            return await self._created(request, call)
        except OutcomeUnknown:
            return await self._created_again(request, call)

    async def _created_again(self, request: OrderRequest, call: Call) -> Order:
        try:
            return await self._created(request, call)
        except (Unavailable, VenuePermission) as error:
            # The first request may have been taken, whatever became of the second.
            raise _doubt(error) from error
        except Rejected as refused:
            # The first may have been taken a moment later, and hold the very funds that the second lacked.
            return await self._unless_it_is_there(request, refused)

    async def _unless_it_is_there(self, request: OrderRequest, refused: Rejected) -> Order:
        try:
            order = await self._history.by_client_id(request.client_order_id or "")
        except UnknownOrder:
            raise refused from None
        except VenuekitError as error:
            raise _doubt(error) from error
        return self._same(request, order)

    async def _created(self, request: OrderRequest, call: Call) -> Order:
        answer = await self._api.send(call)
        body = answer.body if isinstance(answer.body, Mapping) else {}
        placed = table(body, "success_response")
        order_id = text(placed, "order_id") or text(body, "order_id")
        if answer.ok and body.get("success") is True and order_id:
            return await self._as_the_venue_has_it(request, order_id)
        refused = {**body, **table(body, "error_response")}
        if reason_in(refused) == "DUPLICATE_CLIENT_ORDER_ID":
            return self._same(request, await self._existing(request))
        if answer.ok and body.get("success") is not False:
            raise OutcomeUnknown("Coinbase's answer says neither that the order was taken nor that it was refused.")
        raise refusal(refused, what="the order")

    async def _as_the_venue_has_it(self, request: OrderRequest, order_id: str) -> Order:
        placed = self._orders.placed(request, order_id, self._clock.now_ns())
        self._history.remember(placed)
        try:
            order = await self._history.placed(order_id)
        except VenuekitError:
            return placed  # it was taken; what became of it comes by the stream, or when it is asked for
        return self._same(request, order)

    async def _existing(self, request: OrderRequest) -> Order:
        """The order that the venue says there is. Not to find it is no refusal."""
        try:
            return await self._history.by_client_id(request.client_order_id or "")
        except VenuekitError as error:
            raise _doubt(error) from error

    @staticmethod
    def _same(request: OrderRequest, order: Order) -> Order:
        other = difference(request, order)
        if other:
            raise ClientOrderIdReused(
                f"The id {request.client_order_id} belongs to another order at Coinbase ({other}).",
                field="client_order_id",
            )
        return order

    # -- canceling

    async def cancel(self, ref: OrderRef) -> Order:
        """Ask to cancel; the venue takes the request first, and the order ends a moment later.

        Raises:
            UnknownOrder, OrderAlreadyDone. Unavailable, OutcomeUnknown: it may still be open.
        """
        order = await self.find(ref)
        if order.is_done:
            raise done(order)
        assert order.venue_order_id is not None
        [result] = await self._cancel_many([order.venue_order_id])
        if result.get("success") is not True:
            raise await self._not_canceled(order, result)
        after = await self._seen_again(order)
        return after if after.is_done else after.but(status=OrderStatus.PENDING_CANCEL)

    async def _seen_again(self, order: Order) -> Order:
        """The order as it is after a request that was taken; as it was, where the venue cannot be asked now."""
        try:
            return await self._history.by_venue_id(order.venue_order_id or "")
        except VenuekitError:
            return order

    async def _not_canceled(self, order: Order, result: Mapping[str, Any]) -> VenuekitError:
        """Why, with a look at the order: it may have ended meanwhile."""
        after = await self._history.by_venue_id(order.venue_order_id or "")
        return done(after) if after.is_done else refusal(result, what=f"to cancel {order.id}")

    async def cancel_all(self, instrument: str | None) -> Sequence[CancelResult]:
        """Every open order, a hundred a request."""
        open_orders = [order async for order in self._history.live(instrument)]
        ids = [order.venue_order_id or "" for order in open_orders]
        results: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), _MOST_CANCELED):
            for row in await self._cancel_many(ids[start : start + _MOST_CANCELED]):
                results[text(row, "order_id")] = row
        return [_result(order, results.get(order.venue_order_id or "", {})) for order in open_orders]

    async def _cancel_many(self, order_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        body = await self._api.ask(self._api.sdk.cancel_orders, order_ids=list(order_ids))
        found = {text(row, "order_id"): row for row in rows(body, "results")}
        return [found.get(order_id, {"order_id": order_id}) for order_id in order_ids]

    # -- changing

    async def amend(
        self, ref: OrderRef, size: Decimal | None, price: Decimal | None, stop_price: Decimal | None
    ) -> Order:
        """Change size, price or stop price of a GTC order; the venue wants size and price both, so both are sent.

        Raises:
            Unsupported: the venue does not edit such orders. And as `cancel`.
        """
        for field, value in (("size", size), ("price", price), ("stop_price", stop_price)):
            if value is not None:
                positive_amount(value, field=field)
        if size is None and price is None and stop_price is None:
            raise InvalidValue("Nothing is to be changed.", fix="Give size, price or stop_price.", field="size")
        order = await self.find(ref)
        if order.is_done:
            raise done(order)
        if order.time_in_force is not TimeInForce.GTC or order.type is OrderType.MARKET:
            raise Unsupported(
                f"Coinbase edits GTC orders only; {order.id} is {order.type.value} {order.time_in_force.value}.",
                fix="Cancel it and place a new one.",
                field="order_id",
            )
        if stop_price is not None and order.stop_price is None:
            raise InvalidValue(f"{order.id} has no stop price.", field="stop_price")
        wanted = order.but(
            size=size if size is not None else order.size,
            price=price if price is not None else order.price,
            stop_price=stop_price if stop_price is not None else order.stop_price,
        )
        if wanted.size is None or wanted.price is None:
            raise VenueDown(f"Coinbase did not tell the size and price of {order.id}.", fix="Try again, or give both.")
        check_change(wanted, await self._instruments.one(order.instrument))
        named: dict[str, Any] = {"size": plain(wanted.size), "price": plain(wanted.price)}
        if wanted.stop_price is not None:
            named["stop_price"] = plain(wanted.stop_price)
        answer = await self._api.answer(self._api.sdk.edit_order, order_id=order.venue_order_id, **named)
        self._edited(order, body_of(answer))
        after = await self._seen_again(order)
        return after if after.is_done else after.but(size=wanted.size, price=wanted.price, stop_price=wanted.stop_price)

    @staticmethod
    def _edited(order: Order, body: Mapping[str, Any]) -> None:
        if body.get("success") is True:
            return
        # A list in answers as they come, an object in the documentation.
        errors = body.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else errors
        reasons = {**body, **table(body, "error_response"), **(first if isinstance(first, Mapping) else {})}
        if body.get("success") is not False and not reason_in(reasons):
            raise OutcomeUnknown(f"Coinbase does not say whether {order.id} was changed.", order_id=order.id)
        raise refusal(reasons, what=f"to change {order.id}")

    async def find(self, ref: OrderRef) -> Order:
        """One order by either id. Raises UnknownOrder."""
        if ref.venue_order_id is not None:
            return await self._history.by_venue_id(ref.venue_order_id)
        return await self._history.by_client_id(ref.client_order_id or "")


def _doubt(error: VenuekitError) -> OutcomeUnknown:
    return OutcomeUnknown(f"Coinbase's answer was lost, and asking again failed: {error.message}")


def done(order: Order) -> OrderAlreadyDone:
    """The error for an order that is over."""
    return OrderAlreadyDone(f"{order.id} is {order.status.value} already.", order_id=order.id)


def _result(order: Order, row: Mapping[str, Any]) -> CancelResult:
    ref = OrderRef.of(order)
    if row.get("success") is True:
        return CancelResult(ref)
    if not row or (row.get("success") is None and text(row, "failure_reason") in _NO_REASON):
        return CancelResult(ref, OutcomeUnknown.code, "Coinbase does not say what became of the request.")
    error = refusal(row, what=f"to cancel {order.id}")
    return CancelResult(ref, error.code, error.message)
