"""Opening a desk and keeping it alive: connect, reconcile, stream, watch the store, shut down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from venuekit.desk.bus import EventBus
from venuekit.desk.desk import Desk
from venuekit.desk.permission import desk_mode
from venuekit.desk.risk.calendars import check_calendars
from venuekit.desk.serving import Serving
from venuekit.errors import ConfigError, JournalUnavailable, VenuekitError
from venuekit.journal import open_store
from venuekit.model.events import Channel, ConnectionEvent, Event
from venuekit.model.order import Order
from venuekit.protocols.approver import Mode
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Store, desk_name
from venuekit.protocols.limiter import Limiter
from venuekit.protocols.process import ProcessUsage
from venuekit.protocols.venue import Venue, VenueContext, VenueFactory
from venuekit.registry import load_factory
from venuekit.runtime.opening import check_key, make_venue
from venuekit.runtime.pace import Pace
from venuekit.runtime.reconnect import Backoff
from venuekit.runtime.subscriptions import Subscriptions
from venuekit.settings.check import check
from venuekit.settings.load import anchor_file, data_dir, load, store_url
from venuekit.settings.schema import DeskConfig
from venuekit.watch.clock import SystemClock
from venuekit.watch.process import SystemUsage

log = logging.getLogger("venuekit.session")

#: How often the store is looked at for decisions of other processes.
CONTROL_POLL_SECONDS = 0.05
_LOOK_NS = 1_000_000_000


@asynccontextmanager
async def open_desk(
    source: str | Path | DeskConfig | None = None,
    *,
    mode: Mode | None = None,
    account: str | None = None,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    venue_options: Mapping[str, Any] | None = None,
    agent: bool = False,
) -> AsyncIterator[Desk]:
    """Open a desk: connected, reconciled with its venue, and kept alive until the block ends.

    `source` is a venue's name, the path of a TOML file, or a `DeskConfig`. `mode` and `account` override what it
    says, `venue_options` its ``[venues.NAME]`` table. `agent` applies stricter default limits when none are set.

    Raises:
        ConfigError, UnknownVenue: the configuration cannot be right. Unavailable: the venue cannot be reached.
        StoreInUse: another process runs this desk, or has its files. JournalUnavailable: the store cannot be used.
    """
    loaded = load(source, environ=os.environ if environ is None else environ, agent=agent)  # noqa: TID251
    config = check(_with_account(loaded.config, account))
    check_calendars(config.hours, str(loaded.path or "configuration"))
    factory = load_factory(config.desk.venue)
    clock = clock or SystemClock()
    folder = _folder(config)
    table = loaded.venue(factory.name, factory.options)
    options = {**table.options, **(venue_options or {})}
    pace = Pace(config.pace, clock)
    context = VenueContext(clock=clock, data_dir=folder, account=config.desk.account, options=options, pace=pace.door)
    venue = make_venue(factory, context, mode or config.desk.mode, shadow=config.shadow, secrets=table.secrets)
    pace.declare(venue.capabilities.rates)
    running = desk_mode(config, venue.environment, mode)  # a mode that cannot be is refused before anything is opened
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(venue.close)
        try:
            await venue.connect()
            await check_key(venue, running, allowed=config.desk.allow_transfer_key)
        except OSError as error:
            if error.filename is None:
                raise  # it is about no file, and so a bug of the adapter
            raise _unusable(error.filename, error) from error
        store = open_store(
            store_url(config),
            synchronous=config.store.synchronous,
            secrets=table.secrets,
            anchor=anchor_file(config),
        )
        stack.push_async_callback(store.close)
        await store.claim(desk_name(venue.name, venue.account))
        session = Session(
            config=config,
            factory=factory,
            venue=venue,
            store=store,
            clock=clock,
            limiter=pace,
            bus=EventBus(),
            mode=mode,
            usage=SystemUsage(folder),
            known_secrets=table.secrets,
        )
        await session.begin()
        stack.push_async_callback(session.end)
        yield session.desk


def _folder(config: DeskConfig) -> Path:
    """The folder in which the venue may keep things."""
    folder = data_dir(config) / config.desk.venue
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


def _unusable(place: object, error: OSError) -> ConfigError:
    return ConfigError(
        f"{place} cannot be used: {error.strerror or error}.",
        fix="Make it writable, or name another folder: [desk] data_dir.",
        field="desk.data_dir",
    )


def _with_account(config: DeskConfig, account: str | None) -> DeskConfig:
    if account is None:
        return config
    return attrs.evolve(config, desk=attrs.evolve(config.desk, account=account))


class Session:
    """A desk on parts that are open already, and the tasks beside it.

    `seed` shakes the waits before reconnecting, and `tokens` makes the random parts of ids: so many bytes, in hex.
    """

    def __init__(
        self,
        *,
        config: DeskConfig,
        factory: VenueFactory,
        venue: Venue,
        store: Store,
        clock: Clock,
        limiter: Limiter,
        bus: EventBus,
        mode: Mode | None = None,
        usage: ProcessUsage | None = None,
        seed: int | None = None,
        tokens: Callable[[int], str] = secrets.token_hex,
        known_secrets: frozenset[str] = frozenset(),
    ) -> None:
        self._clock = clock
        self._config = config
        self._hub = Subscriptions(venue, clock, config.streams, seed=secrets.randbits(32) if seed is None else seed)
        self._tasks: set[asyncio.Task[None]] = set()
        #: Whether a stream came back and the comparison that belongs to that is still to be made.
        self._missed = False
        self.desk = Desk(
            config=config,
            factory=factory,
            venue=venue,
            store=store,
            clock=clock,
            limiter=limiter,
            streams=self._hub,
            bus=bus,
            mode=mode,
            resolve=self.resolve,
            usage=usage,
            tokens=tokens,
            known_secrets=known_secrets,
        )

    async def begin(self) -> None:
        """Fold the journal and reconcile; then stream own orders and fills, watch the store, compare now and then."""
        await self.desk.upkeep.start()
        self._hub.sink = self._take
        self._hub.on_reconnect = self._reconnected
        own = [c for c in (Channel.OWN_ORDERS, Channel.OWN_FILLS, Channel.STATUS) if self.desk.capabilities.can(c)]
        for channel in own:
            self._hub.subscribe(channel, (), kept=False)
        self._spawn(self._watch())
        if self._config.reconcile.every_seconds > 0:
            self._spawn(self._reconcile_now_and_then())
        for order in self.desk.upkeep.unresolved():
            self.resolve(order)

    async def end(self) -> None:
        """Stop all tasks, let what is being sent land, and keep a snapshot."""
        try:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._hub.close()
        finally:
            await self.desk.upkeep.stop()

    def _spawn(self, work: Any) -> None:
        with Serving(""):  # what is begun for an agent and goes on without it is the desk's own duty
            task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A task of the session ended: %r", task.exception())
            self.desk.upkeep.fail_closed("A background task of the desk failed; see the log.")

    async def _take(self, event: Event) -> None:
        if isinstance(event, ConnectionEvent):
            own = (Channel.OWN_ORDERS, Channel.OWN_FILLS)
            self.desk.upkeep.connected = not any(self._hub.lost(channel) for channel in own)
        try:
            await self.desk.upkeep.on_event(event)
        except JournalUnavailable as error:
            self.desk.upkeep.fail_closed(error.message)

    async def _reconnected(self, channel: Channel) -> None:
        if channel.is_own and not await self._reconcile() and not self._missed:
            # Only a comparison finds what the lost stream would have told: as soon as the venue can be asked.
            self._missed = True
            self._spawn(self._reconcile_soon())

    async def _reconcile_soon(self) -> None:
        backoff = Backoff(self._config.streams, 0)
        try:
            while True:
                await self._clock.sleep(backoff.next_seconds())
                if await self._reconcile():
                    return
        finally:
            self._missed = False

    async def _reconcile(self) -> bool:
        """Compare with the venue; whether that went through."""
        try:
            await self.desk.reconcile()
        except JournalUnavailable as error:
            self.desk.upkeep.fail_closed(error.message)
            return False
        except VenuekitError as error:
            log.warning("Reconciling failed: %s", error)
        except Exception:
            log.exception("Reconciling failed in the adapter; it is tried again.")
        else:
            self.desk.upkeep.checked(ok=True)
            return True
        self.desk.upkeep.checked(ok=False)
        return False

    async def _reconcile_now_and_then(self) -> None:
        while True:
            await self._clock.sleep(self._config.reconcile.every_seconds)
            await self._reconcile()

    async def _watch(self) -> None:
        looked_ns = -_LOOK_NS
        while True:
            await self._clock.sleep(CONTROL_POLL_SECONDS)
            now = self._clock.monotonic_ns()
            # Expiry is by time, not by a write: it is looked at once a second, even if the clock was set back.
            if self._store_changed() or now - looked_ns >= _LOOK_NS:
                looked_ns = now
                try:
                    await self.desk.upkeep.act()
                except JournalUnavailable as error:
                    # It goes on watching: a halt must be obeyed also while nothing can be written.
                    self.desk.upkeep.fail_closed(error.message)
                except VenuekitError as error:
                    log.warning("Obeying the store failed: %s", error)

    def _store_changed(self) -> bool:
        try:
            return self.desk.upkeep.heard()
        except JournalUnavailable as error:
            self.desk.upkeep.fail_closed(error.message)
            return False

    def resolve(self, order: Order) -> None:
        """Ask about an order in doubt until the doubt is over."""
        self._spawn(self._resolve(order))

    async def _resolve(self, order: Order) -> None:
        wait = self._config.reconcile.in_doubt_first_seconds
        while True:
            await self._clock.sleep(wait)
            try:
                if await self.desk.upkeep.resolve(order):
                    return
            except VenuekitError as error:
                log.warning("Asking about %s failed: %s", order.id, error)
            except Exception:
                log.exception("Asking about %s failed in the adapter; it is tried again.", order.id)
            wait = min(wait * 2, 30.0)
