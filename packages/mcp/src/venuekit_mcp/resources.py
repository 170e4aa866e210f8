"""Resources and templates: every one has the same body as a read tool, because it is that tool's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.model.capability import Feature
from venuekit.model.market import Granularity
from venuekit.model.order import OrderStatus
from venuekit_mcp.arguments import read
from venuekit_mcp.surface import Call, Completer, Handler, Resource, Template, Tool

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

#: Address, name, description, tool, arguments.
_FIXED: Sequence[tuple[str, str, str, str, Mapping[str, Any]]] = (
    ("account://balances", "balances", "What the account holds.", "get_balances", {}),
    ("account://positions", "positions", "Net positions.", "get_positions", {}),
    ("account://profile", "profile", "Permissions and fees.", "get_balances", {"view": "profile"}),
    ("market://instruments", "instruments", "What can be traded.", "search_instruments", {"limit": 100}),
    ("order://active", "active-orders", "Orders that are not done.", "get_orders", {"limit": 100}),
    ("order://history", "order-history", "Past orders.", "get_orders", {"view": "history"}),
    ("history://fills", "fills", "Own executions.", "get_fills", {}),
    ("history://transfers", "transfers", "Money that moved without a trade.", "get_balances", {"view": "transfers"}),
    ("risk://limits", "risk-limits", "What is left of each limit.", "get_risk_status", {"view": "limits"}),
    ("risk://state", "risk-state", "Where the desk stands.", "get_risk_status", {}),
    ("stream://status", "stream-status", "Connection and subscriptions.", "get_realtime_status", {}),
    ("approvals://pending", "pending-approvals", "Orders that wait for a person.", "get_approval_status", {}),
    ("audit://recent", "recent-audit", "The newest rows of the journal.", "get_audit", {}),
)
#: Template, name, description, tool, fixed arguments, variable to argument.
_FAMILIES: Sequence[tuple[str, str, str, str, Mapping[str, Any], Mapping[str, str]]] = (
    ("market://ticker/{id}", "ticker", "Best prices of one instrument.", "get_market_data", {}, {"id": "instruments"}),
    ("market://orderbook/{id}", "orderbook", "Its order book.", "get_orderbook", {}, {"id": "instrument"}),
    (
        "market://candles/{id}{?granularity,count}",
        "candles",
        "Its candles.",
        "get_historical_candles",
        {},
        {"id": "instrument", "granularity": "granularity", "count": "count"},
    ),
    (
        "order://history{?start,end,instrument,status}",
        "order-history-filtered",
        "Past orders, filtered.",
        "get_orders",
        {"view": "history"},
        {"start": "start", "end": "end", "instrument": "instrument", "status": "status"},
    ),
    ("order://status/{id}", "order-status", "One order.", "get_order_status", {}, {"id": "order_id"}),
    (
        "history://fills{?instrument,start}",
        "fills-filtered",
        "Own executions, filtered.",
        "get_fills",
        {},
        {"instrument": "instrument", "start": "start"},
    ),
)


def instrument_completer(desk: Desk) -> Completer:
    """Instrument ids that begin with, or contain, what was typed."""

    async def complete(typed: str, _: Mapping[str, str]) -> list[str]:
        names = [i.id for i in await desk.venue.instruments()]
        low = typed.lower()
        first = [n for n in names if n.lower().startswith(low)]
        return first + [n for n in names if low in n.lower() and n not in first]

    return complete


def order_completer(desk: Desk) -> Completer:
    """Ids of orders that are not done."""

    async def complete(typed: str, _: Mapping[str, str]) -> list[str]:
        return [o.id for o in await desk.open_orders() if o.id.startswith(typed)]

    return complete


def _of(values: Sequence[str]) -> Completer:
    async def complete(typed: str, _: Mapping[str, str]) -> list[str]:
        return [v for v in values if v.lower().startswith(typed.lower())]

    return complete


def body_of(tool: Tool, fixed: Mapping[str, Any], variables: Mapping[str, str] | None = None) -> Handler:
    """A handler that answers what `tool` answers, with the address's variables as its arguments."""
    names = variables or {}

    async def handler(call: Call) -> Any:
        raw: dict[str, Any] = dict(fixed)
        for variable, argument in names.items():
            value = call.arguments.get(variable)
            if value not in (None, ""):
                raw[argument] = [value] if argument == "instruments" else _number(argument, value)
        assert isinstance(tool.arguments, type)
        return await tool.handler(attrs.evolve(call, name=tool.name, arguments=read(tool.arguments, raw)))

    return handler


def _number(argument: str, value: str) -> Any:
    return int(value) if argument == "count" and value.isascii() and value.isdigit() and len(value) < 9 else value


def desk_resources(desk: Desk, tools: Mapping[str, Tool]) -> tuple[list[Resource], list[Template]]:
    """The resources whose tools this venue has."""
    ids = instrument_completer(desk)
    completers: Mapping[str, Mapping[str, Completer]] = {
        "instrument": {"id": ids, "granularity": _of([g.value for g in Granularity])},
        "instruments": {"id": ids},
        "order_id": {"id": order_completer(desk)},
        "filter": {"instrument": ids, "status": _of([s.value for s in OrderStatus])},
    }
    missing = {
        uri
        for uri, feature in (
            ("account://profile", Feature.PROFILE),
            ("history://transfers", Feature.TRANSFERS),
            ("order://history", Feature.ORDER_HISTORY),
        )
        if not desk.capabilities.can(feature)
    }
    resources = [
        Resource(
            uri=uri,
            name=name,
            description=f"{description} Same body as {tool}.",
            handler=body_of(tools[tool], fixed),
            role=tools[tool].role,
            tools=(tool,),
            weight=tools[tool].weight,
        )
        for uri, name, description, tool, fixed in _FIXED
        if tool in tools and uri not in missing
    ]
    templates = [
        Template(
            uri_template=uri,
            name=name,
            description=f"{description} Same body as {tool}.",
            handler=body_of(tools[tool], fixed, variables),
            role=tools[tool].role,
            tools=(tool,),
            weight=tools[tool].weight,
            complete=completers[variables.get("id", "filter")],
        )
        for uri, name, description, tool, fixed, variables in _FAMILIES
        if tool in tools and uri.partition("{")[0] not in missing
    ]
    return resources, templates
