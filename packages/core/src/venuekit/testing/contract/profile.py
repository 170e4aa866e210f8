"""What the kit is told about a venue: how to make its time pass, its connections drop, its market move."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

import anyio.lowlevel
import attrs

from venuekit.adapter import Capabilities, Channel, Clock, Venue
from venuekit.testing.clock import SimulatedClock
from venuekit.watch.clock import SystemClock

#: Turns of the event loop in which readers see what the passing of time brought.
_TURNS = 10


async def settled(answer: Awaitable[None] | None) -> None:
    """Await what a hook returned, if it is to be awaited."""
    if answer is not None:
        await answer


@attrs.frozen(kw_only=True)
class Profile:
    """How to exercise one venue. Everything has a default that fits a venue on the network.

    An adapter's `contract_profile` (an attribute of its factory, or ``--venue-profile``) is any object or module
    that has some of these attributes, or the name of one; it needs no import of this package.
    """

    #: Options for the kit's sessions; ``--venue-options`` wins over them.
    options: Mapping[str, Any] = attrs.field(factory=dict)
    #: What sessions declare with these options, where that is less than the factory declares: without a key, say.
    capabilities: Capabilities | None = None
    #: Ids of instruments to trade, the first one most; by default the first that have a two-sided book.
    instruments: Sequence[str] = ()
    #: Whether the venue lives by the clock that its session is given: then the kit moves that clock, and waits for
    #: nothing. A venue with a clock of its own, such as one on the network, takes the time that it takes.
    simulated_time: bool = False
    #: The clock of sessions at a venue whose time `advance` moves, where the two must agree: the venue's.
    clock: Clock | None = None
    #: ``advance(venue, seconds)``: lets time pass at a venue that must be told so. This hook, and the next three, may
    #: be async or not.
    advance: Callable[[Any, float], Awaitable[None] | None] | None = None
    #: ``drop_connections(venue)``: breaks the live connections as the network would.
    drop_connections: Callable[[Any], Awaitable[None] | None] | None = None
    #: ``trade_at(venue, instrument, price)``: makes the market trade at a price, to trigger stops.
    trade_at: Callable[[Any, str, Decimal], Awaitable[None] | None] | None = None
    #: ``too_many(venue)``: makes the venue refuse the next order with a 429.
    too_many: Callable[[Any], Awaitable[None] | None] | None = None
    #: ``subscribing(venue, channel, instruments)``: an async context manager. The kit subscribes inside of it, and it
    #: ends when the venue's side has the new subscription, so that the kit knows that whatever happens next is told.
    #: Where nobody can know that, `settle_seconds` pass instead.
    subscribing: Callable[[Any, Channel, Sequence[str]], AbstractAsyncContextManager[Any]] | None = None
    #: The ``[shadow]`` table of shadow accounts, for ``--venue-shadow``.
    shadow: Mapping[str, Any] = attrs.field(factory=lambda: {"latency_ms": 0})
    #: ``exchange(gate, clock=, seed=)``: makes the venue's server for runs with faults over real sockets, an
    #: `venuekit.testing.faults.site.Exchange`; a venue that simulates needs none.
    exchange: Callable[..., Any] | None = None
    #: What goes wrong on its wire, and where it may: each fault's name with the server's names of endpoints.
    wire_faults: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    #: What goes wrong with one frame of a stream, with names of channels.
    frame_faults: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    #: Channels of `frame_faults` that tell seldom, on which things go wrong early.
    seldom_channels: Sequence[str] = ()
    #: What goes wrong with every open stream at once.
    stream_faults: Sequence[str] = ()
    #: Those faults of frames and streams after which no client can know that there is anything to ask for.
    unnoticed_faults: Sequence[str] = ()
    #: Whether the venue forgets an order that ended with nothing filled, which then looks like one that never came.
    forgets_unfilled: bool = False
    #: How long a client may take, by its own patience, until it knows all that the venue has done, in seconds.
    quiet_seconds: float = 0.0
    #: Whether what is left of an order is whole lots. Not so where orders for an amount of money leave fractions.
    whole_lots: bool = True
    #: More options for runs with faults, where simulated time passes by the minute and the market may move less often.
    fault_options: Mapping[str, Any] = attrs.field(factory=dict)
    #: How long an answer may take to become visible elsewhere (history, streams), in seconds.
    patience_seconds: float = 10.0
    #: How long a subscription needs until it is sure to see what happens next, in seconds; see `subscribing`.
    settle_seconds: float = 0.2

    @property
    def time_is_cheap(self) -> bool:
        """Whether the kit moves the venue's time itself, so that minutes cost nothing."""
        return self.simulated_time or self.advance is not None

    @property
    def moves_by_hand(self) -> bool:
        """Whether the kit moves the market of a venue that takes its own time to tell of it."""
        return self.advance is not None and not self.simulated_time

    def make_clock(self) -> Clock:
        """The clock that a session gets."""
        if self.clock is not None:
            return self.clock
        return SimulatedClock() if self.simulated_time else SystemClock()

    async def pass_time(self, venue: Venue, clock: Clock, seconds: float) -> None:
        """Let time pass at the venue, and readers see what it brought."""
        if self.advance is not None:
            await settled(self.advance(venue, seconds))
        if isinstance(clock, SimulatedClock):
            await clock.advance(seconds)
        elif self.advance is None:
            await clock.sleep(seconds)
        for _ in range(_TURNS):
            await anyio.lowlevel.checkpoint()
