"""Live tools under the names and arguments of the best-known Polymarket server, for any venue with those channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.events import Channel
from venuekit_mcp.arguments import argument
from venuekit_mcp.event_views import Depth, View, newest_prices, only, whole
from venuekit_mcp.log_lane import log_lane
from venuekit_mcp.markets import outcomes_of
from venuekit_mcp.rings import Ring
from venuekit_mcp.surface import Call, Tool

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit_mcp.desk_host import DeskHost

_MARKETS = "Market ids, such as a condition id or slug; or instrument ids or aliases for single outcomes."
_CALLBACK = "notification: events wait for wait_for_event. log: they are sent as log messages too."


class Callback(StrEnum):
    """How events reach the client."""

    NOTIFICATION = "notification"
    LOG = "log"


@attrs.frozen(kw_only=True)
class MarketArguments:
    """Markets to follow."""

    market_ids: Sequence[str] = argument(_MARKETS, most=20)
    callback_type: Callback = argument(_CALLBACK, Callback.NOTIFICATION)


@attrs.frozen(kw_only=True)
class PriceArguments:
    """Markets, or single outcomes, whose prices to follow."""

    market_ids: Sequence[str] = argument(_MARKETS, (), most=20)
    token_ids: Sequence[str] = argument("Outcome token ids, instead of markets or besides them.", (), most=20)
    callback_type: Callback = argument(_CALLBACK, Callback.NOTIFICATION)


@attrs.frozen(kw_only=True)
class BookArguments:
    """Books to follow."""

    token_ids: Sequence[str] = argument("Outcome token ids, or instrument ids or aliases.", most=20)
    depth: int = argument("Levels of each side.", 10, least=1, most=100)
    callback_type: Callback = argument(_CALLBACK, Callback.NOTIFICATION)


@attrs.frozen(kw_only=True)
class OwnArguments:
    """Own orders or trades to follow."""

    market_ids: Sequence[str] = argument(f"{_MARKETS} None: all.", (), most=20)
    callback_type: Callback = argument(_CALLBACK, Callback.NOTIFICATION)


@attrs.frozen(kw_only=True)
class EndArguments:
    """A subscription to end."""

    subscription_id: str = argument("From a subscribe tool.")


@attrs.frozen(kw_only=True)
class Followed:
    """Result of the subscribe tools and of unsubscribe_realtime: pass the id and the cursor to wait_for_event."""

    subscription_id: str
    channel: Channel
    instruments: Sequence[str]
    state: str
    cursor: str
    callback_type: Callback | None = None
    depth: int | None = None


def _followed(ring: Ring, state: str, number: int, **more: Any) -> Followed:
    subscription = ring.subscription
    return Followed(
        subscription_id=subscription.id,
        channel=subscription.channel,
        instruments=subscription.instruments,
        state=state,
        cursor=ring.cursor(number),
        **more,
    )


def realtime_tools(desk: Desk, host: DeskHost) -> list[Tool]:
    """The subscribe tools and unsubscribe_realtime, as far as the venue has their channels."""

    async def begin(
        call: Call, channel: Channel, names: Sequence[str], view: View, depth: int | None = None
    ) -> Followed:
        logs = call.arguments.callback_type is Callback.LOG
        tell = log_lane(call.context.session, f"venuekit.{channel.value}", host.discreet) if logs else None
        ring = await host.rings.open(channel, names, call.caller.agent_id, view=view, tell=tell)
        state = ring.subscription.status().state
        return _followed(ring, state, 0, callback_type=call.arguments.callback_type, depth=depth)

    async def prices(call: Call) -> Followed:
        a = call.arguments
        if not a.market_ids and not a.token_ids:
            raise InvalidValue("market_ids: name at least one market or token.", field="market_ids")
        names = [
            *await outcomes_of(desk, a.market_ids, field="market_ids"),
            *await outcomes_of(desk, a.token_ids, field="token_ids"),
        ]
        return await begin(call, Channel.TICKER, names, newest_prices)

    async def books(call: Call) -> Followed:
        a = call.arguments
        names = await outcomes_of(desk, _some(a.token_ids, "token_ids"), field="token_ids")
        return await begin(call, Channel.BOOK, names, Depth(a.depth), a.depth)

    def own(channel: Channel) -> Callable[[Call], Any]:
        async def follow(call: Call) -> Followed:
            names = await outcomes_of(desk, call.arguments.market_ids, field="market_ids")
            followed = await begin(call, channel, (), only(frozenset(names)))
            return attrs.evolve(followed, instruments=names)

        return follow

    async def resolution(call: Call) -> Followed:
        names = await outcomes_of(desk, _some(call.arguments.market_ids, "market_ids"), field="market_ids")
        return await begin(call, Channel.STATUS, names, whole)

    async def end(call: Call) -> Followed:
        ring = await host.rings.end(call.arguments.subscription_id, call.caller.agent_id, field="subscription_id")
        return _followed(ring, "closed", ring.last)

    table = (
        (Channel.TICKER, "subscribe_market_prices", "Follow the best prices of markets.", PriceArguments, prices),
        (
            Channel.BOOK,
            "subscribe_orderbook_updates",
            "Follow order books: the best levels of each side whenever they change.",
            BookArguments,
            books,
        ),
        (
            Channel.OWN_ORDERS,
            "subscribe_user_orders",
            "Follow what becomes of the account's orders.",
            OwnArguments,
            own(Channel.OWN_ORDERS),
        ),
        (
            Channel.OWN_FILLS,
            "subscribe_user_trades",
            "Follow the account's executions.",
            OwnArguments,
            own(Channel.OWN_FILLS),
        ),
        (
            Channel.STATUS,
            "subscribe_market_resolution",
            "Follow when markets are resolved, and what they pay.",
            MarketArguments,
            resolution,
        ),
    )
    found = [
        Tool(
            name=name,
            description=f"{description} Read events with wait_for_event.",
            arguments=arguments,
            result=Followed,
            handler=handler,
            idempotent=False,
            stands_for="subscribe",
        )
        for channel, name, description, arguments, handler in table
        if desk.capabilities.can(channel)
    ]
    if not found:
        return []
    return [
        *found,
        Tool(
            name="unsubscribe_realtime",
            description="End a subscription.",
            arguments=EndArguments,
            result=Followed,
            handler=end,
            stands_for="unsubscribe",
        ),
    ]


def _some(names: Sequence[str], field: str) -> Sequence[str]:
    if not names:
        raise InvalidValue(f"{field}: name at least one.", field=field)
    return names
