"""Names that other servers use, as tables over our own tools, so that prompts written for them keep working.

A profile adds tools and resources beside the core; where a name is the core's own (``coinbase`` has a
``place_order`` too) it takes the core's place. Only what the desk can do is offered: a profile never
adds an ability, and its tools go through the same checks, roles, modes and audit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from venuekit_mcp.arguments import argument, read
from venuekit_mcp.desk_host import unknown_choice
from venuekit_mcp.resources import body_of
from venuekit_mcp.surface import Call, Resource, Surface, Tool
from venuekit_mcp.tools.realtime import realtime_tools

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit_mcp.desk_host import DeskHost

Translate = Callable[[Any], Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class Alias:
    """`name` does what our `tool` does; `arguments` is its own argument class, `translate` makes ours of it."""

    name: str
    tool: str
    arguments: type[Any] | None = None
    translate: Translate | None = None
    description: str = ""


@attrs.frozen(kw_only=True)
class Profile:
    """One table: tools, tools that are more than other names, and resources as (address, tool, arguments)."""

    tools: Sequence[Alias]
    made: Callable[[Desk, DeskHost], Sequence[Tool]] = lambda desk, host: ()  # noqa: ARG005
    resources: Sequence[tuple[str, str, Mapping[str, Any]]] = ()


@attrs.frozen(kw_only=True)
class ProductOrder:
    """Coinbase's names for an order."""

    product_id: str = argument("Product id, such as BTC-USD.")
    side: str = argument("BUY or SELL.")
    order_type: str = argument("MARKET, LIMIT, STOP, STOP_LIMIT or BRACKET.")
    reason: str = argument("Why; kept in the audit.", longest=500)
    size: str | None = argument("Base units, decimal string.", None)
    quote_size: str | None = argument("MARKET only: quote units.", None)
    limit_price: str | None = argument("Limit price.", None)
    stop_price: str | None = argument("Trigger.", None)
    time_in_force: str | None = argument("GTC, GTD, IOC, FOK or DAY.", None)
    end_time: str | None = argument("With GTD, ISO 8601.", None)
    post_only: bool = argument("LIMIT only.", False)
    client_order_id: str | None = argument("Makes a retry safe.", None, longest=64)


@attrs.frozen(kw_only=True)
class ProductBook:
    """Which book."""

    product_id: str = argument("Product id.")
    limit: int = argument("Levels of each side.", 10, least=1, most=100)


@attrs.frozen(kw_only=True)
class ProductCandles:
    """Which candles."""

    product_id: str = argument("Product id.")
    granularity: str = argument("1m, 5m, 15m, 30m, 1h, 2h, 6h or 1d.")
    start: str | None = argument("From, ISO 8601.", None)
    limit: int = argument("Most candles.", 50, least=1, most=300)


@attrs.frozen(kw_only=True)
class ProductIds:
    """Products to follow."""

    product_ids: Sequence[str] = argument("Product ids.", most=20)


@attrs.frozen(kw_only=True)
class TokenOrder:
    """An order in an outcome token."""

    token_id: str = argument("Outcome token id.")
    price: str = argument("Limit price.")
    size: str = argument("Shares.")
    side: str = argument("BUY or SELL.", "BUY")
    reason: str = argument("Why; kept in the audit.", longest=500)


def _given(**values: Any) -> Mapping[str, Any]:
    return {k: v for k, v in values.items() if v is not None}


def _product(a: ProductOrder) -> Mapping[str, Any]:
    return _given(
        instrument=a.product_id,
        side=a.side,
        order_type=a.order_type,
        reason=a.reason,
        size=a.size,
        quote_size=a.quote_size,
        price=a.limit_price,
        stop_price=a.stop_price,
        time_in_force=a.time_in_force,
        expires_at=a.end_time,
        post_only=a.post_only,
        client_order_id=a.client_order_id,
    )


def _token(a: TokenOrder, side: str | None = None) -> Mapping[str, Any]:
    return _given(
        instrument=a.token_id,
        side=side or a.side,
        order_type="LIMIT",
        price=a.price,
        size=a.size,
        reason=a.reason,
    )


def _tickers(a: ProductIds) -> Mapping[str, Any]:
    return {"channel": "ticker", "instruments": list(a.product_ids)}


#: The resource whose body a tool's is, for telling when it changes.
_CORE = {
    "get_realtime_status": "stream://status",
    "get_positions": "account://positions",
    "get_risk_status": "risk://state",
    "search_instruments": "market://instruments",
}
PROFILES: Mapping[str, Profile] = {
    "polybot": Profile(
        tools=(
            Alias(name="list_markets", tool="search_instruments"),
            Alias(name="get_market", tool="get_market_data"),
            Alias(name="get_order_book", tool="get_orderbook"),
            Alias(name="get_portfolio", tool="get_positions"),
            Alias(name="get_open_orders", tool="get_orders"),
            Alias(name="check_risk", tool="check_trade_risk"),
            Alias(
                name="shadow_buy",
                tool="place_order",
                arguments=TokenOrder,
                translate=lambda a: _token(a, "BUY"),
                description="Buy with a limit order, in this server's mode.",
            ),
            Alias(
                name="shadow_sell",
                tool="place_order",
                arguments=TokenOrder,
                translate=lambda a: _token(a, "SELL"),
                description="Sell with a limit order, in this server's mode.",
            ),
            Alias(name="submit_order", tool="place_order", arguments=TokenOrder, translate=_token),
        ),
        resources=(
            ("polybot://markets", "search_instruments", {"limit": 100}),
            ("polybot://portfolio", "get_positions", {}),
            ("polybot://risk", "get_risk_status", {}),
        ),
    ),
    "polymarket-realtime": Profile(
        tools=(
            Alias(name="get_realtime_status", tool="get_realtime_status"),
            Alias(name="wait_for_event", tool="wait_for_event"),
        ),
        made=realtime_tools,
        resources=(("polymarket://websocket-status", "get_realtime_status", {}),),
    ),
    "coinbase": Profile(
        tools=(
            Alias(name="list_products", tool="search_instruments"),
            Alias(name="get_accounts", tool="get_balances"),
            Alias(
                name="get_product_book",
                tool="get_orderbook",
                arguments=ProductBook,
                translate=lambda a: {"instrument": a.product_id, "depth": a.limit},
            ),
            Alias(
                name="get_candles",
                tool="get_historical_candles",
                arguments=ProductCandles,
                translate=lambda a: _given(
                    instrument=a.product_id, granularity=a.granularity, start=a.start, count=a.limit
                ),
            ),
            Alias(name="place_order", tool="place_order", arguments=ProductOrder, translate=_product),
            Alias(name="preview_order", tool="check_trade_risk", arguments=ProductOrder, translate=_product),
            Alias(name="subscribe_ticker", tool="subscribe", arguments=ProductIds, translate=_tickers),
        ),
        resources=(("market://products", "search_instruments", {"limit": 100}),),
    ),
}


def _translated(tool: Tool, translate: Translate) -> Callable[[Call], Awaitable[Any]]:
    async def handler(call: Call) -> Any:
        assert isinstance(tool.arguments, type)
        ours = read(tool.arguments, translate(call.arguments))
        return await tool.handler(attrs.evolve(call, arguments=ours))

    return handler


def _aliased(alias: Alias, tool: Tool) -> Tool:
    if alias.name == tool.name and alias.translate is None:
        return tool
    description = alias.description or f"{tool.description} (Same as {tool.name}.)"
    if alias.arguments is None or alias.translate is None:
        return attrs.evolve(tool, name=alias.name, title="", description=description, stands_for=tool.name)
    return attrs.evolve(
        tool,
        name=alias.name,
        title="",
        stands_for=tool.name,
        description=alias.description or tool.description,
        arguments=alias.arguments,
        handler=_translated(tool, alias.translate),
    )


def with_profile(
    surface: Surface, tools: Mapping[str, Tool], profile: str | None, desk: Desk, host: DeskHost
) -> Surface:
    """The surface with a profile's tools and resources; unchanged without one.

    Raises:
        ConfigError: an unknown profile.
    """
    if profile is None:
        return surface
    chosen = PROFILES.get(profile)
    if chosen is None:
        raise unknown_choice("profile", profile, sorted(PROFILES))
    added = [_aliased(alias, tools[alias.tool]) for alias in chosen.tools if alias.tool in tools]
    added += chosen.made(desk, host)
    names = {t.name for t in added}
    resources = [
        Resource(
            uri=uri,
            name=uri.replace("://", "-"),
            description=f"{desk.capabilities.title}: same body as {tool}.",
            handler=body_of(tools[tool], arguments),
            role=tools[tool].role,
            tools=(tool,),
        )
        for uri, tool, arguments in chosen.resources
        if tool in tools
    ]
    for uri, tool, _ in chosen.resources:
        host.same(uri, _CORE[tool])
    return attrs.evolve(
        surface,
        tools=(*(t for t in surface.tools if t.name not in names), *added),
        resources=(*surface.resources, *resources),
    )
