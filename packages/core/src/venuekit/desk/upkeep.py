"""Keeping a desk in step with its venue and its store: start, stop, take in events, obey other processes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from venuekit.desk import pacing
from venuekit.desk.assembly import Parts
from venuekit.desk.streams import StreamHub
from venuekit.errors import ConfigError, UnknownInstrument
from venuekit.model.capability import Feature
from venuekit.model.events import Channel, Event, FillEvent, InstrumentEvent, OrderEvent, TickerEvent
from venuekit.model.identity import AgentId, InstrumentId
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Mode
from venuekit.protocols.journal import EntryKind
from venuekit.version import VERSION

#: How long what is being sent may take to land when the desk is closed.
CLOSING_SECONDS = 5.0
#: How long one look at the store may wait for what it leads to.
_DECIDING_SECONDS = 0.05


class Upkeep:
    """What the session that keeps a desk alive calls; nobody else does."""

    def __init__(self, parts: Parts, streams: StreamHub, agent_id: AgentId, *, send_timeout_seconds: float) -> None:
        self._parts = parts
        self._streams = streams
        self._agent_id = agent_id
        self._patience_ns = int(send_timeout_seconds * 1e9)
        self._acting: asyncio.Task[None] | None = None
        #: Whether the desk is open, and no stream of its own orders is lost.
        self.connected = False

    async def start(self) -> None:
        """Fold the journal, take over what the venue says, and be ready."""
        parts = self._parts
        await self._know_limited()
        parts.state.restore(parts.store, parts.name)
        await parts.reconciler.run(first=True)
        if parts.venue.capabilities.can(Feature.PROFILE):
            parts.screening.taker_fee = (await parts.venue.profile()).taker_fee_rate
        body: dict[str, Any] = {
            "event": "opened",
            "mode": parts.mode.value,
            "environment": parts.venue.environment,
            "version": VERSION,
            "fills_from_ns": parts.state.last_fill_ns,
            "holdings": parts.state.holdings(),
        }
        await parts.recorder.write([parts.recorder.entry(EntryKind.SESSION, "", self._agent_id, body)])
        await parts.actions_later.look()  # so that nobody finds an action of before that is still being sent
        parts.shared.begin()
        await parts.shared.say()
        self.connected = True

    async def _know_limited(self) -> None:
        """A limit for an instrument that there is not would hold nothing.

        Raises:
            ConfigError: names the instrument, with near matches.
        """
        for name in self._parts.config.risk.max_position_size:
            try:
                await self._know(name)
            except UnknownInstrument as error:
                place = f"risk.max_position_size.{name}"
                raise ConfigError(f"{place}: {error.message}", fix=error.fix, field=place) from error

    async def stop(self) -> None:
        """Let what is being sent land, and keep a snapshot.

        Raises:
            JournalUnavailable: the end could not be recorded; the next start reads more rows instead.
        """
        self.connected = False
        parts = self._parts
        await self._landed()
        entry = parts.recorder.entry(EntryKind.SESSION, "", self._agent_id, {"event": "closed"})
        try:
            await parts.recorder.write([entry, parts.state.snapshot_entry(parts.name)], parts.shared.farewell())
        finally:
            parts.bus.close()

    async def _landed(self) -> None:
        """Wait a while for what is under way, then end it; the next start asks the venue what became of it."""
        parts, loop = self._parts, asyncio.get_running_loop()
        landing = [
            loop.create_task(parts.submission.landed()),
            loop.create_task(parts.changes.landed()),
            loop.create_task(parts.closing.landed()),
            loop.create_task(parts.actions.landed()),
            loop.create_task(parts.actions_later.landed()),
            loop.create_task(parts.dispatcher.landed()),
            loop.create_task(parts.recorder.landed()),
        ]
        patience = loop.create_task(parts.clock.sleep(CLOSING_SECONDS))
        both = asyncio.gather(*landing)
        await asyncio.wait((both, patience), return_when=asyncio.FIRST_COMPLETED)
        patience.cancel()
        parts.submission.close()
        parts.actions.close()
        parts.actions_later.close()
        parts.changes.overdue(0)
        await both

    def heard(self) -> bool:
        """Whether another process changed something, which from then on holds here too.

        Raises:
            JournalUnavailable: the store cannot be asked.
        """
        return self._parts.controls.refresh()

    async def act(self) -> None:
        """Do what other processes decided in the store, and look after what makes no event of its own.

        Raises:
            JournalUnavailable: the store cannot be written.
        """
        parts = self._parts
        await parts.recorder.catch_up()
        await self._decisions()
        parts.submission.overdue(self._patience_ns)
        parts.changes.overdue(self._patience_ns)
        if parts.mode is not Mode.READ_ONLY:
            parts.closing.look()
        await parts.health.look(parts.state.exposure, self._priced())
        await parts.shared.say()
        await pacing.tell(parts.limiter, parts.recorder, parts.clock)

    async def _decisions(self) -> None:
        """Obey the store; what waits for the venue goes on beside, so that it holds up nothing that is looked after."""
        loop = asyncio.get_running_loop()
        if self._acting is None:
            self._acting = loop.create_task(self._parts.controls.act())
        patience = loop.create_task(self._parts.clock.sleep(_DECIDING_SECONDS))
        await asyncio.wait((self._acting, patience), return_when=asyncio.FIRST_COMPLETED)
        patience.cancel()
        if self._acting.done():
            acting, self._acting = self._acting, None
            await acting

    def _priced(self) -> set[InstrumentId]:
        priced = [s.instruments for s in self._streams.subscriptions() if s.channel is Channel.TICKER]
        return {name for names in priced for name in names}

    def fail_closed(self, why: str) -> None:
        """Halt this desk at once, in memory, because something that it relies on is gone. Resume ends it."""
        self._parts.fail_closed(why)

    def checked(self, *, ok: bool) -> None:
        """A comparison with the venue went through, or failed."""
        self._parts.health.checked(ok=ok)

    def unresolved(self) -> Sequence[Order]:
        """Orders that were sent and whose outcome is not known."""
        doubtful = (OrderStatus.IN_DOUBT, OrderStatus.SUBMITTING)
        return [o for o in self._parts.state.orders.live() if o.status in doubtful]

    async def resolve(self, order: Order) -> bool:
        """Ask the venue about one order in doubt; True when the doubt is over."""
        return await self._parts.reconciler.resolve(order)

    async def on_event(self, event: Event) -> None:
        """Take in what a stream brought."""
        parts = self._parts
        if isinstance(event, OrderEvent):
            await self._know(event.order.instrument)
            order = await self._ours(event.order)
            await parts.dispatcher.answered(order, order.id, event.fill)
            return  # published with its record
        if isinstance(event, FillEvent):
            await self._know(event.fill.instrument)
            if parts.state.fold(event.fill):
                await parts.recorder.fills([event.fill])
            return
        if isinstance(event, TickerEvent):
            parts.state.see(event.ticker)
            parts.health.price_seen(event.ticker.instrument)
        elif isinstance(event, InstrumentEvent):
            parts.state.know(event.changed)
        parts.bus.publish(event)

    async def _ours(self, order: Order) -> Order:
        """The order under the id that it has here, if the venue does not tell our ids."""
        parts = self._parts
        if order.client_order_id is not None or parts.state.orders.get(order.id) is not None:
            return order
        # The answer to a send that is under way may say whose order this is.
        await parts.submission.landed(order.instrument)
        doubtful = parts.reconciler.recognized(order) if parts.state.orders.get(order.id) is None else None
        return order if doubtful is None else order.but(client_order_id=doubtful.client_order_id)

    async def _know(self, instrument: InstrumentId) -> None:
        if instrument not in self._parts.state.instruments:
            self._parts.state.know(await self._parts.venue.instrument(instrument))
