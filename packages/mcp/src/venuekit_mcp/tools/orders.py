"""Order tools: place, change, cancel, look up; each goes down the desk's one road."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.account import FillQuery, HistoryQuery
from venuekit.model.capability import Feature
from venuekit.model.intent import ORDER_REQUESTS, OrderRequest, OrderType, Side, TimeInForce
from venuekit.model.order import CancelResult, Fill, Order, OrderStatus
from venuekit.protocols.approver import Role
from venuekit_mcp.arguments import argument
from venuekit_mcp.dialog import Dialogs
from venuekit_mcp.paging import decode, encode
from venuekit_mcp.surface import Call, Handler, Tool
from venuekit_mcp.tools.answers import OrderAnswer, answer_of
from venuekit_mcp.tools.market import INSTRUMENT

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk


@attrs.frozen(kw_only=True)
class OrderArguments:
    """Arguments of place_order."""

    instrument: str = argument(INSTRUMENT)
    side: Side = argument("")
    order_type: OrderType = argument("")
    reason: str = argument("Why; kept in the audit.", longest=500)
    size: Decimal | None = argument("Base units.", None)
    quote_size: Decimal | None = argument("MARKET only, instead of size: quote units.", None)
    price: Decimal | None = argument("Limit price; BRACKET: take profit.", None)
    stop_price: Decimal | None = argument("Trigger; BRACKET: stop loss.", None)
    time_in_force: TimeInForce | None = argument("Default GTC; MARKET: IOC.", None)
    expires_at: int | None = argument("With GTD, ISO 8601.", None, iso=True)
    post_only: bool = argument("LIMIT only.", False)
    reduce_only: bool = argument("", False)
    client_order_id: str | None = argument("Makes a retry safe; one is made if absent.", None, longest=64)


@attrs.frozen(kw_only=True)
class RiskArguments(OrderArguments):
    """Arguments of check_trade_risk: those of place_order, which documents them; `reason` may be left out."""

    reason: str = argument("", "", longest=500)
    size: Decimal | None = argument("", None)
    quote_size: Decimal | None = argument("", None)
    price: Decimal | None = argument("", None)
    stop_price: Decimal | None = argument("", None)
    time_in_force: TimeInForce | None = argument("", None)
    expires_at: int | None = argument("", None, iso=True)
    post_only: bool = argument("", False)
    client_order_id: str | None = argument("", None, longest=64)


@attrs.frozen(kw_only=True)
class AmendArguments:
    """Arguments of amend_order."""

    order_id: str = argument("Order id.")
    reason: str = argument("Why; kept in the audit.", longest=500)
    size: Decimal | None = argument("New total size.", None)
    price: Decimal | None = argument("New limit price.", None)
    stop_price: Decimal | None = argument("New trigger.", None)


@attrs.frozen(kw_only=True)
class CancelArguments:
    """Arguments of cancel_order."""

    order_id: str = argument("Order id.")
    reason: str = argument("Why; kept in the audit.", "", longest=500)


@attrs.frozen(kw_only=True)
class CancelAllArguments:
    """Arguments of cancel_all_orders."""

    instrument: str | None = argument("Only this one's; default: all.", None)
    reason: str = argument("Why; kept in the audit.", "", longest=500)


@attrs.frozen(kw_only=True)
class CloseArguments:
    """Arguments of close_position."""

    instrument: str = argument(INSTRUMENT)
    reason: str = argument("Why; kept in the audit.", longest=500)
    size: Decimal | None = argument("Base units; default: all of it.", None)


class OrdersView(StrEnum):
    """What get_orders answers."""

    ACTIVE = "active"
    HISTORY = "history"


@attrs.frozen(kw_only=True)
class OrdersArguments:
    """Arguments of get_orders."""

    view: OrdersView = argument("active: not done yet.", OrdersView.ACTIVE)
    instrument: str | None = argument("Only this one's.", None)
    status: OrderStatus | None = argument("History with this status.", None)
    start: int | None = argument("History from, ISO 8601.", None, iso=True)
    end: int | None = argument("History before, ISO 8601.", None, iso=True)
    limit: int = argument("Most orders.", 20, least=1, most=100)
    cursor: str | None = argument("next_cursor of the last page.", None)


@attrs.frozen(kw_only=True)
class OrderIdArguments:
    """Arguments of get_order_status."""

    order_id: str = argument("Order id.")


@attrs.frozen(kw_only=True)
class FillArguments:
    """Arguments of get_fills."""

    instrument: str | None = argument("Only this one's.", None)
    order_id: str | None = argument("Only this order's.", None)
    start: int | None = argument("From, ISO 8601.", None, iso=True)
    limit: int = argument("Most fills.", 20, least=1, most=100)
    cursor: str | None = argument("next_cursor of the last page.", None)


@attrs.frozen(kw_only=True)
class Orders:
    """Result of get_orders."""

    orders: Sequence[Order]
    next_cursor: str | None = None


@attrs.frozen(kw_only=True)
class Fills:
    """Result of get_fills."""

    fills: Sequence[Fill]
    next_cursor: str | None = None


@attrs.frozen(kw_only=True)
class Cancels:
    """Result of cancel_all_orders."""

    results: Sequence[CancelResult]


_TAKEN_BY = {
    OrderType.MARKET: {"size", "quote_size"},
    OrderType.LIMIT: {"size", "price", "expires_at", "post_only"},
    OrderType.STOP: {"size", "stop_price", "expires_at"},
    OrderType.STOP_LIMIT: {"size", "price", "stop_price", "expires_at"},
    OrderType.BRACKET: {"size", "price", "stop_price", "expires_at"},
}
_NEEDED_BY = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("size", "price"),
    OrderType.STOP: ("size", "stop_price"),
    OrderType.STOP_LIMIT: ("size", "price", "stop_price"),
    OrderType.BRACKET: ("size", "price", "stop_price"),
}
_OPTIONAL = ("size", "quote_size", "price", "stop_price", "expires_at", "post_only")


def request_of(a: OrderArguments) -> OrderRequest:
    """The order request that flat arguments describe.

    Raises:
        InvalidValue: a field that this order type does not take, or needs, or whose value cannot be right.
    """
    kind = a.order_type
    given = {name: getattr(a, name) for name in _OPTIONAL if getattr(a, name) not in (None, False)}
    for name in given:
        if name not in _TAKEN_BY[kind]:
            raise InvalidValue(
                f"{name} does not go with a {kind.value} order.",
                fix=f"Leave {name} out, or choose another order_type.",
                field=name,
                details={"accepted": sorted(_TAKEN_BY[kind])},
            )
    for name in _NEEDED_BY[kind]:
        if name not in given:
            raise InvalidValue(
                f"{name} is required for a {kind.value} order.", fix=f"Give {name} as a decimal string.", field=name
            )
    fields: dict[str, Any] = dict(given)
    if "expires_at" in fields:
        fields["expires_at_ns"] = fields.pop("expires_at")
    if a.time_in_force is not None:
        fields["time_in_force"] = a.time_in_force
    return ORDER_REQUESTS[kind](
        instrument=a.instrument,
        side=a.side,
        reason=a.reason,
        reduce_only=bool(a.reduce_only),
        client_order_id=a.client_order_id,
        **fields,
    )


def order_tools(desk: Desk) -> list[Tool]:
    """The tools that this venue's order entry allows."""
    can = desk.capabilities.can
    dialogs = Dialogs(desk)

    async def place(call: Call) -> Any:
        answer = await dialogs.resumed(call)
        if answer is None:
            answer = await desk.submit(request_of(call.arguments), caller=call.caller)
            if answer.status is OrderStatus.PENDING_APPROVAL:
                answer = await dialogs.asked(call, answer)
        return await answer_of(desk, answer) if isinstance(answer, Order) else answer

    async def amend(call: Call) -> OrderAnswer:
        a = call.arguments
        if a.size is None and a.price is None and a.stop_price is None:
            raise InvalidValue("Nothing to change: give size, price or stop_price.", field="size")
        changed = await desk.amend(a.order_id, size=a.size, price=a.price, stop_price=a.stop_price, caller=call.caller)
        return await answer_of(desk, changed)

    async def cancel(call: Call) -> OrderAnswer:
        return await answer_of(desk, await desk.cancel(call.arguments.order_id, caller=call.caller))

    async def cancel_all(call: Call) -> Cancels:
        return Cancels(results=await desk.cancel_all(call.arguments.instrument, caller=call.caller))

    async def close(call: Call) -> Any:
        answer = await dialogs.resumed(call)
        if answer is None:
            a = call.arguments
            answer = await desk.close_position(a.instrument, size=a.size, reason=a.reason, caller=call.caller)
            if answer.status is OrderStatus.PENDING_APPROVAL:
                answer = await dialogs.asked(call, answer)
        return await answer_of(desk, answer) if isinstance(answer, Order) else answer

    async def orders(call: Call) -> Orders:
        return await orders_of(desk, call.arguments)

    async def status(call: Call) -> OrderAnswer:
        return await answer_of(desk, await desk.order(call.arguments.order_id))

    async def fills(call: Call) -> Fills:
        a = call.arguments
        name = None if a.instrument is None else (await desk.venue.instrument(a.instrument)).id
        page = await desk.fills(
            FillQuery(instrument=name, order_id=a.order_id, start_ns=a.start, limit=a.limit, cursor=a.cursor)
        )
        return Fills(fills=page.items, next_cursor=page.next_cursor)

    def acts(name: str, title: str, description: str, arguments: type, handler: Handler, **more: Any) -> Tool:
        return Tool(
            name=name,
            title=title,
            description=description,
            arguments=arguments,
            handler=handler,
            role=Role.TRADER,
            trades=True,
            read_only=False,
            **{"result": OrderAnswer, "destructive": True, "idempotent": False, **more},
        )

    def reads(
        name: str, title: str, description: str, arguments: type, result: type, handler: Callable[..., Any]
    ) -> Tool:
        return Tool(
            name=name, title=title, description=description, arguments=arguments, result=result, handler=handler
        )

    offered: list[tuple[Feature | None, Tool]] = [
        (
            Feature.OPEN_ORDERS,
            reads(
                "get_orders",
                "Get orders",
                "Orders not done yet, or past ones, newest first.",
                OrdersArguments,
                Orders,
                orders,
            ),
        ),
        (
            None,
            reads("get_order_status", "Get order status", "One order, by id.", OrderIdArguments, OrderAnswer, status),
        ),
        (Feature.FILLS, reads("get_fills", "Get fills", "Own executions, newest first.", FillArguments, Fills, fills)),
        (
            Feature.SUBMIT,
            acts(
                "place_order",
                "Place order",
                "Send an order. Limits and approval apply; preview with check_trade_risk. If it waits for a person, "
                "do not send it again.",
                OrderArguments,
                place,
            ),
        ),
        (
            Feature.AMEND,
            acts("amend_order", "Amend order", "Change size or prices of an open order.", AmendArguments, amend),
        ),
        (
            Feature.CANCEL,
            acts(
                "cancel_order",
                "Cancel order",
                "Ask to cancel an open order.",
                CancelArguments,
                cancel,
                idempotent=True,
                weight=0,
            ),
        ),
        (
            Feature.CANCEL_ALL,
            acts(
                "cancel_all_orders",
                "Cancel all orders",
                "Ask to cancel every open order, conditional ones too.",
                CancelAllArguments,
                cancel_all,
                result=Cancels,
                idempotent=True,
                weight=0,
            ),
        ),
        (
            Feature.SUBMIT,
            acts("close_position", "Close position", "Trade out of a position at the market.", CloseArguments, close),
        ),
    ]
    return [tool for need, tool in offered if need is None or can(need)]


async def orders_of(desk: Desk, a: OrdersArguments) -> Orders:
    """What get_orders answers."""
    name = None if a.instrument is None else (await desk.venue.instrument(a.instrument)).id
    if a.view is OrdersView.HISTORY:
        page = await desk.order_history(
            HistoryQuery(
                instrument=name,
                statuses=() if a.status is None else (a.status,),
                start_ns=a.start,
                end_ns=a.end,
                limit=a.limit,
                cursor=a.cursor,
            )
        )
        return Orders(orders=page.items, next_cursor=page.next_cursor)
    for field in ("status", "start", "end"):
        if getattr(a, field) is not None:
            raise InvalidValue(f"{field} goes with view history.", fix="Set view to history.", field=field)
    found = await desk.open_orders(name)
    start = decode(a.cursor, "orders", name)
    end = start + a.limit
    return Orders(orders=found[start:end], next_cursor=encode(end, "orders", name) if end < len(found) else None)
