"""One venue, one folder, and life after life of a desk on them, each of which may end at any point."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from venuekit.desk.desk import Desk
from venuekit.errors import VenuekitError
from venuekit.journal.sqlite import SqliteStore
from venuekit.protocols.approver import Mode
from venuekit.protocols.journal import Store, desk_name
from venuekit.runtime.pace import Pace
from venuekit.runtime.session import Session
from venuekit.settings.address import shown
from venuekit.settings.schema import (
    ApprovalSettings,
    BreakerSettings,
    DeskConfig,
    DeskSettings,
    ReconcileSettings,
    StoreSettings,
    StreamSettings,
)
from venuekit.testing.clock import START_NS
from venuekit.testing.contract.subject import Subject
from venuekit.testing.faults.embedded import Embedded
from venuekit.testing.faults.ledger import Ledger
from venuekit.testing.faults.network import LIFE
from venuekit.testing.faults.points import Crash, Life, Points
from venuekit.testing.faults.schedule import Schedule
from venuekit.testing.faults.sending import Sending
from venuekit.testing.faults.simloop import LoopClock, SimulatedLoop
from venuekit.testing.faults.site import Site, Truth
from venuekit.testing.faults.storage import PointedStore, SqliteTap, Tap
from venuekit.testing.faults.wired import Wired
from venuekit.testing.faults.wires import PointedBus, PointedClock, PointedLimiter

D = Decimal
#: An order worth more needs a person.
APPROVAL_ABOVE = D(1_000)
PATIENCE_SECONDS = 4.0
_STARTS = 60
#: Orders are recognized by what they look like and when they were made, within `venuekit.desk.lookalike`'s tolerance.
LOOK_BACK_SECONDS = 8.0
_FURTHEST = 60.0
_ACCOUNT = "chaos"
#: Breakers that trip soon, in a part of the schedules, and ones that do not.
_NERVOUS = BreakerSettings(min_calls=4, max_failed_checks=2, daily_loss_critical=None, probe_after_seconds=1)
_CALM = BreakerSettings(min_calls=1_000, max_failed_checks=None, daily_loss_critical=None)


def settings(schedule: Schedule, folder: Path, subject: Subject) -> DeskConfig:
    """A desk that is quick to doubt and to ask, so that little simulated time tells much."""
    mode = None if subject.profile.exchange is None else Mode.LIVE
    return DeskConfig(
        desk=DeskSettings(venue=subject.name, mode=mode, account=_ACCOUNT, data_dir=str(folder)),
        store=StoreSettings(synchronous=schedule.synchronous),
        approval=ApprovalSettings(require_above=APPROVAL_ABOVE, price_tolerance=D("0.002"), expires_seconds=20),
        breakers=_NERVOUS if schedule.seed % 3 == 0 else _CALM,
        reconcile=ReconcileSettings(
            every_seconds=0.0 if schedule.unaided else 5.0,
            send_timeout_seconds=1.0,
            in_doubt_first_seconds=0.2,
            in_doubt_patience_seconds=PATIENCE_SECONDS,
        ),
        streams=StreamSettings(backoff_first_seconds=0.2, backoff_longest_seconds=1.0),
    )


def _stays() -> None:
    """A server that is not ours is not restarted."""


@attrs.frozen
class Place:
    """A PostgreSQL database for the journal of one schedule, and how its server is restarted, if it may be."""

    url: str = attrs.field(repr=shown)
    restart: Callable[[], None] = _stays


class World:
    """Everything of one run. `desk` is the one that lives now."""

    desk: Desk

    def __init__(
        self,
        subject: Subject,
        schedule: Schedule,
        folder: Path,
        loop: SimulatedLoop,
        ledger: Ledger,
        points: Points,
        *,
        begin_ns: int = START_NS,
        place: Place | None = None,
    ) -> None:
        self._place = place
        self._subject = subject
        self._folder = folder
        self.loop = loop
        self._random = random.Random(schedule.seed + 1)
        self.schedule = schedule
        self.ledger = ledger
        self.points = points
        self._stepped = 0.0
        self.config = settings(schedule, folder, subject)
        #: The venue's clock is right; the desk's may be stepped.
        self.venue_clock = LoopClock(loop, begin_ns)
        self.clock = LoopClock(loop, begin_ns)
        self.sending = Sending(self)
        self.site = self._make_site()
        self.lives = 0
        self.crashes: list[str] = []
        self.life = Life(points, loop.time)
        self.store: PointedStore | None = None
        self._session: Session | None = None
        self._tasks: dict[asyncio.Task[Any], None] = {}
        loop.set_task_factory(self._task)
        loop.set_exception_handler(self._unheard)

    @property
    def name(self) -> str:
        """The desk's name in the store."""
        return desk_name(self._subject.name, _ACCOUNT)

    @property
    def truth(self) -> Truth:
        """What the venue has, asked past every fault."""
        return self.site.truth

    @property
    def file(self) -> Path:
        """Where the desk remembers."""
        return self._folder / "venuekit.db"

    def now(self) -> float:
        """Simulated seconds since the run began."""
        return self.loop.time()

    # -- tasks, so that the end of a life ends all that belongs to it

    def _task(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
        if LIFE.get() is not None:
            self._tasks[task] = None
            task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def _unheard(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if self.crashes and str(context.get("message")).startswith("Unclosed"):
            return  # by a process that has ended
        error = context.get("exception")
        if not isinstance(error, Crash | VenuekitError | asyncio.CancelledError):
            self.ledger.broken(f"an error that nobody heard of: {context.get('message')}: {error!r}")

    def in_life(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` as a part of the present life."""
        token = LIFE.set(self.life)
        try:
            return self.loop.create_task(work)
        finally:
            LIFE.reset(token)

    def step_clock(self, seconds: float) -> None:
        """Set the desk's clock, but never further from the venue's than a desk tolerates where it needs the time."""
        if abs(self._stepped + seconds) > (LOOK_BACK_SECONDS if self.schedule.blind else _FURTHEST):
            seconds = -seconds if abs(self._stepped - seconds) < abs(self._stepped) else -self._stepped
        self._stepped += seconds
        self.clock.step(seconds)

    def right_clock(self) -> None:
        """Set the desk's clock as it should be."""
        self.clock.step(-self._stepped)
        self._stepped = 0.0

    # -- the venue

    def _make_site(self) -> Site:
        folder = self._folder / self._subject.name
        folder.mkdir(exist_ok=True)
        subject, schedule, sending, clock = self._subject, self.schedule, self.sending, self.venue_clock
        if subject.profile.exchange is None:
            return Embedded(subject, schedule, sending, folder=folder, clock=clock, account=_ACCOUNT)
        return Wired(subject, schedule, sending, self.loop, folder=folder, clock=clock, account=_ACCOUNT)

    # -- the desk

    def open_store(self) -> Store:
        """A connection of its own to the store, as another process has."""
        if self._place is None:
            return SqliteStore(self.file, synchronous=self.schedule.synchronous)
        from venuekit.testing.faults.postgres import open_at_once  # noqa: PLC0415 - needs a driver

        return open_at_once(self._place.url, synchronous=self.schedule.synchronous)

    def _tap(self, store: Store, life: Life) -> Tap:
        if isinstance(store, SqliteStore):
            return SqliteTap(store, life, self.loop.jump)
        from venuekit.testing.faults.postgres import PostgresTap  # noqa: PLC0415 - needs a driver

        assert self._place is not None
        return PostgresTap(store, life, self.loop.jump, self._place.restart)  # type: ignore[arg-type]

    async def start(self) -> None:
        """Begin a life, however often it takes: a start may be cut off too."""
        for attempt in range(_STARTS):
            if attempt == _STARTS // 2 and self.site.on_a_wire:
                self.right_clock()  # as somebody does when a desk does not start for that
            self.life = Life(self.points, self.loop.time)
            error = await self._part_of_life(self._start(self.life))
            if self.life.over:
                await self.bury()
            elif error is None:
                return
            elif isinstance(error, VenuekitError | ValueError):
                self.life.over = True
                await self.bury(crashed=False)
                await asyncio.sleep(0.25)
            else:
                raise error
        raise AssertionError(f"The desk did not start in {_STARTS} attempts; the last: {error!r}")

    async def _part_of_life(self, work: Coroutine[Any, Any, None]) -> BaseException | None:
        """Run `work` to its end or to the end of this life; returns what it raised."""
        task = self.in_life(work)
        self.life.endings.append(task.cancel)
        await asyncio.wait([task])
        self.life.endings.remove(task.cancel)
        return None if task.cancelled() else task.exception()

    async def _start(self, life: Life) -> None:
        self.lives += 1
        self.points.trace.append(f"{self.now():.6f} life {self.lives}")
        store = self.open_store()
        self.store = PointedStore(store, self._tap(store, life), life, self.ledger)
        clock = PointedClock(self.clock, life)
        pace = Pace(self.config.pace, clock)
        self._session = Session(
            config=self.config,
            factory=self._subject.factory,
            venue=await self.site.line(life, clock, pace),
            store=self.store,
            clock=clock,
            limiter=PointedLimiter(pace, life),
            bus=PointedBus(life, self.ledger),
            seed=self.schedule.seed,
            tokens=lambda count: self._random.randbytes(count).hex(),
        )
        self.desk = self._session.desk
        await self._session.begin()

    async def bury(self, *, crashed: bool = True) -> None:
        """After the end of a life: nothing of it goes on, and its files are closed as the system closes them."""
        if crashed:
            self.crashes.append(self.life.crashed_at)
        for _ in range(100):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1.0)
        else:
            raise AssertionError(f"A part of the desk does not end: {left}")
        await self.site.hang_up()
        if self.store is not None:
            self.store.abandon()
            self.store = None

    async def close_desk(self) -> None:
        """End a life in order; a crash on the way is one."""
        error = await self._part_of_life(self._end())
        crashed, self.life.over = self.life.over, True
        await self.bury(crashed=crashed)
        if error is not None and not isinstance(error, Crash | VenuekitError):
            raise error

    async def _end(self) -> None:
        assert self._session is not None
        assert self.store is not None
        await self._session.end()
        await self.store.close()
        await self.site.hang_up()

    async def close(self) -> None:
        """End everything."""
        if not self.life.over and self.store is not None:
            self.life.over = True
        await self.bury(crashed=False)
        await self.site.close()
