"""Live tools, for clients that can only ask: subscribe, wait with a cursor, look, stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.desk.views import StreamStatus
from venuekit.errors import InvalidValue
from venuekit.model.events import Channel
from venuekit.protocols.limiter import PaceState
from venuekit_mcp.arguments import argument
from venuekit_mcp.surface import Call, Tool

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit_mcp.desk_host import DeskHost

MOST_SECONDS = 25


@attrs.frozen(kw_only=True)
class SubscribeArguments:
    """Arguments of subscribe."""

    channel: Channel = argument("")
    instruments: Sequence[str] = argument("Ids; none for own_orders and own_fills.", (), most=20)


@attrs.frozen(kw_only=True)
class Subscribed:
    """Result of subscribe and unsubscribe."""

    subscription: str
    channel: Channel
    instruments: Sequence[str]
    state: str
    cursor: str


@attrs.frozen(kw_only=True)
class WaitArguments:
    """Arguments of wait_for_event."""

    subscription: str = argument("From subscribe.")
    cursor: str | None = argument("From the last answer; default: the oldest kept.", None)
    timeout: int = argument("Seconds to wait at most.", 10, least=0, most=MOST_SECONDS)
    limit: int = argument("Most events.", 20, least=1, most=100)


@attrs.frozen(kw_only=True)
class Events:
    """Result of wait_for_event. `lost` counts events that were overwritten before they were read."""

    events: Sequence[Mapping[str, Any]]
    cursor: str
    timed_out: bool
    lost: int


@attrs.frozen(kw_only=True)
class UnsubscribeArguments:
    """Arguments of unsubscribe."""

    subscription: str = argument("From subscribe.")


@attrs.frozen(kw_only=True)
class NoArguments:
    """No arguments."""


@attrs.frozen(kw_only=True)
class RealtimeStatus:
    """Result of get_realtime_status."""

    connected: bool
    subscriptions: Sequence[StreamStatus]
    #: Budgets of calls that hold something up now: a venue has a dozen, and those that do not are no news.
    pace: Sequence[PaceState] = ()


def stream_tools(desk: Desk, host: DeskHost) -> list[Tool]:
    """The live tools, if the venue streams anything."""
    caps = desk.capabilities
    if not any(caps.can(channel) for channel in Channel):
        return []

    async def subscribe(call: Call) -> Subscribed:
        a = call.arguments
        if not a.channel.is_own and a.channel is not Channel.STATUS and not a.instruments:
            raise InvalidValue(f"instruments: channel {a.channel.value} needs at least one.", field="instruments")
        ring = await host.rings.open(a.channel, a.instruments, call.caller.agent_id)
        return Subscribed(
            subscription=ring.subscription.id,
            channel=ring.subscription.channel,
            instruments=ring.subscription.instruments,
            state=ring.subscription.status().state,
            cursor=ring.cursor(0),
        )

    async def wait(call: Call) -> Events:
        a = call.arguments
        ring = host.rings.get(a.subscription, call.caller.agent_id)
        number = 0 if a.cursor is None else ring.number(a.cursor)
        if ring.last <= number and a.timeout:
            sleeping = asyncio.ensure_future(desk.clock.sleep(a.timeout))
            try:
                await ring.wait(number, sleeping)
            finally:
                sleeping.cancel()
        events, last, lost = ring.after(number, a.limit)
        return Events(events=events, cursor=ring.cursor(max(last, number)), timed_out=not events, lost=lost)

    async def status(call: Call) -> RealtimeStatus:
        return RealtimeStatus(
            connected=desk.connected,
            pace=[p for p in desk.status().pace if p.share < 1 or p.stopped_seconds or p.waiting or p.left == 0],
            subscriptions=[r.subscription.status() for r in host.rings.of(call.caller.agent_id)],
        )

    async def unsubscribe(call: Call) -> Subscribed:
        ring = await host.rings.end(call.arguments.subscription, call.caller.agent_id)
        return Subscribed(
            subscription=ring.subscription.id,
            channel=ring.subscription.channel,
            instruments=ring.subscription.instruments,
            state="closed",
            cursor=ring.cursor(ring.last),
        )

    return [
        Tool(
            name="subscribe",
            title="Subscribe",
            description="Follow live events of a channel; read them with wait_for_event.",
            arguments=SubscribeArguments,
            result=Subscribed,
            handler=subscribe,
            idempotent=False,
        ),
        Tool(
            name="wait_for_event",
            title="Wait for event",
            description="Events after the cursor; waits until one comes or the timeout ends.",
            arguments=WaitArguments,
            result=Events,
            handler=wait,
        ),
        Tool(
            name="get_realtime_status",
            title="Get realtime status",
            description="Connection, and counts of your subscriptions.",
            arguments=NoArguments,
            result=RealtimeStatus,
            handler=status,
        ),
        Tool(
            name="unsubscribe",
            title="Unsubscribe",
            description="End a subscription.",
            arguments=UnsubscribeArguments,
            result=Subscribed,
            handler=unsubscribe,
        ),
    ]
