"""A session on the embedded exchange: who it is, opening and closing it, its time, and its commands' way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import attrs

from venuekit.adapter import Capabilities, NotConnected, VenueContext
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.config import read_options
from venuekit_paper.engine import Engine
from venuekit_paper.instruments import VENUE
from venuekit_paper.latency import Latency
from venuekit_paper.limits import PUBLIC, CallLimits
from venuekit_paper.motion import Motion
from venuekit_paper.opening import open_engine
from venuekit_paper.streams import StreamHub

T = TypeVar("T")


class PaperSession:
    """One account of the embedded exchange. In realtime pace a task of its own moves the market."""

    #: It is part of this process: `venuekit.protocols.venue.is_embedded`.
    embedded = True

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._clock = context.clock
        self.options = read_options(context.options)
        self._account = context.account
        self._engine: Engine | None = None
        self._hub: StreamHub | None = None
        self.limits = CallLimits(self.options.rates, self._clock)
        self._latency = Latency(self._clock, self.options.latency_ms)
        self._motion = Motion(self.options, self._clock, self._move)

    # -- who we are

    @property
    def name(self) -> str:
        """``paper``."""
        return VENUE

    @property
    def account(self) -> str:
        """The account that is open."""
        return self._account

    @property
    def environment(self) -> str:
        """``paper``."""
        return "paper"

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, and how often."""
        if not (self.options.rates and self.options.declare_rates):
            return CAPABILITIES
        return attrs.evolve(CAPABILITIES, rates=self.options.rates)

    def _opened(self) -> tuple[Engine, StreamHub]:
        if self._engine is None or self._hub is None:
            raise NotConnected("The paper exchange is not open.", fix="Call connect first.")
        return self._engine, self._hub

    @property
    def engine(self) -> Engine:
        """The exchange underneath. Raises NotConnected before `connect` and after `close`."""
        return self._opened()[0]

    @property
    def streams(self) -> StreamHub:
        """Its live events. Raises NotConnected as `engine` does."""
        return self._opened()[1]

    @property
    def journal_hash(self) -> str:
        """Digest over every command and outcome so far: the same inputs give the same digest."""
        return self.engine.journal_hash

    # -- life

    async def connect(self) -> None:
        """Open the exchange, or go on where it was left; safe to call twice.

        Raises:
            StoreInUse: another process has the account open.
            Unavailable: its file cannot be read or written.
        """
        if self._engine is not None:
            return
        begin = self._clock.now_ns()
        if self.options.pace == "manual" and self.options.start_time_ns:
            begin = self.options.start_time_ns
        self._engine = open_engine(self.options, self._context.data_dir, self._context.account, begin)
        self._account = self._engine.account
        self._hub = StreamHub(self._engine.exchange, self._engine.candles, self._account)
        self._motion.start()

    def _move(self, time_ns: int) -> None:
        self.engine.tick(time_ns)
        self.streams.publish(self.engine.exchange.now_ns)

    async def close(self) -> None:
        """Stop the market, end every stream, and keep everything; safe to call twice.

        All of it is done before the first wait, so a caller that is canceled meanwhile leaves nothing open.
        """
        engine, hub, self._engine, self._hub = self._engine, self._hub, None, None
        moving = self._motion.stop()
        try:
            if engine is not None and hub is not None:
                hub.drop("The paper exchange was closed.")
                engine.close()
        finally:
            if moving is not None:
                await asyncio.wait([moving])

    async def advance(self, seconds: float) -> int:
        """Let the market make the moves of that much time; returns their number.

        In manual pace this is the market's only motion, and its time goes along. In realtime the moves are made at
        once, all at the time that it is. Time too short for a move is kept for the next call.

        Raises:
            InvalidValue: not a finite number of seconds, 0 or more.
        """
        return await self._motion.advance(seconds, lambda: self.engine.tick_ns)

    def drop_connections(self) -> None:
        """Lose every stream at once, as a network does; for tests of what listens."""
        self.streams.drop("The connection was lost.")

    def stall_connections(self) -> None:
        """Let every open stream fall silent without an error; for tests of what listens."""
        self.streams.stall()

    def now_ns(self) -> int:
        """The exchange's time."""
        if self.options.pace == "manual":
            return self.engine.exchange.now_ns
        return self._clock.now_ns()

    async def server_time_ns(self) -> int:
        """The exchange's clock, UTC nanoseconds; in manual pace the desk's own, since simulated time has no skew.

        Raises:
            NotConnected: it is not open.
        """
        self.limits.count(PUBLIC, "server_time_ns")
        self._opened()
        return self._clock.now_ns()

    async def _carried_out(self, command: Callable[[Engine, int], T]) -> T:
        """A command's answer, once the request has arrived, was carried out, is durable and was published."""
        await self._latency()
        engine = self.engine
        try:
            return command(engine, self.now_ns())
        finally:
            self.streams.publish(engine.exchange.now_ns)
