"""How the venue, its prices and the account are doing: measures every call, and asks the breakers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from types import TracebackType
from typing import Self

from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.breakers import Breakers, BreakerState
from venuekit.errors import Refused, Rejected, UsageError
from venuekit.model.identity import InstrumentId
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import BreakerRecord, EntryKind, Store
from venuekit.protocols.risk import RiskView, Verdict
from venuekit.settings.schema import BreakerSettings

#: An answer that the venue gave, whatever it says, is not a failure of the venue.
_ANSWERS = (Rejected, UsageError, Refused)


_MEGABYTE = 1_000_000


class Health:
    """Feeds the breakers, remembers their states in the store, and tells when one changes."""

    def __init__(
        self,
        desk: str,
        settings: BreakerSettings,
        store: Store,
        recorder: Recorder,
        clock: Clock,
        free_disk: Callable[[], int] | None = None,
    ) -> None:
        self._desk = desk
        self._free_disk = free_disk
        self._least_disk = settings.min_free_disk_mb
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._breakers = Breakers(settings, clock, store.breakers(desk))
        self._priced: set[InstrumentId] = set()

    def timed(self, endpoint: str) -> _Timed:
        """A ``with`` block around one call to the venue."""
        return _Timed(self._breakers, self._clock, endpoint)

    def order_sent(self) -> None:
        """An order goes out now."""
        self._breakers.on_order_sent()

    def order_result(self, *, rejected: bool) -> None:
        """The venue has answered an order."""
        self._breakers.on_order_result(rejected)

    def price_seen(self, instrument: InstrumentId) -> None:
        """A price stream brought something."""
        self._priced.add(instrument)
        self._breakers.on_data(instrument, self._clock.now_ns())

    def checked(self, *, ok: bool) -> None:
        """A comparison with the venue went through, or failed."""
        self._breakers.on_check(ok)

    def refusal(self) -> Verdict | None:
        """Why no order may go now, if a breaker says so."""
        record = self._breakers.blocking()
        if record is None:
            return None
        wait = "until a person resumes trading" if record.state == BreakerState.MANUAL.value else "until it has closed"
        return Verdict(
            "circuit_breaker",
            False,
            f"The circuit breaker {record.name} is {record.state}: {record.reason}.",
            record.name,
            record.state,
            wait,
            code="TRADING_HALTED",
        )

    def states(self) -> list[BreakerRecord]:
        """Every breaker that ever measured anything."""
        return self._breakers.states()

    def resume(self) -> None:
        """A person says go: every breaker closes."""
        self._breakers.resume()

    async def look(self, view: RiskView, subscribed: Iterable[InstrumentId]) -> None:
        """Measure what makes no event of its own, and record what changed since the last look.

        Raises:
            JournalUnavailable: a change could not be recorded.
        """
        for instrument in self._priced.difference(subscribed):
            self._priced.discard(instrument)
            self._breakers.forget_data(instrument)
        self._breakers.check_data()
        self._check_disk()
        warning = self._breakers.check_loss(view)
        if warning is not None:
            await self._recorder.desk_event(
                self._recorder.about("loss_warning", warning, "daily_loss"), EntryKind.CONTROL, {"message": warning}
            )
        for record in self._breakers.take_changes():
            await self._remember(record)

    def _check_disk(self) -> None:
        if self._free_disk is None or self._least_disk is None:
            return
        try:
            left: Decimal | None = Decimal(self._free_disk() // _MEGABYTE)
        except OSError:
            left = None
        self._breakers.external("disk", left, Decimal(self._least_disk), " MB")

    async def _remember(self, record: BreakerRecord) -> None:
        message = f"breaker {record.name} is {record.state}" + (f": {record.reason}" if record.reason else "")
        event = self._recorder.about(f"breaker_{record.state.lower()}", message, record.name)
        body = {"event": event.kind, "name": record.name, "reason": record.reason, "recoveries": record.recoveries}
        entry = self._recorder.entry(EntryKind.CONTROL, record.name, "", body)
        await self._store.set_breaker(self._desk, record, entry)
        self._recorder.publish(event)


class _Timed:
    """Measures one call. A plain class, because a generator costs three times as much on every order."""

    __slots__ = ("_breakers", "_clock", "_endpoint", "_start")

    def __init__(self, breakers: Breakers, clock: Clock, endpoint: str) -> None:
        self._breakers = breakers
        self._clock = clock
        self._endpoint = endpoint
        self._start = 0

    def __enter__(self) -> Self:
        self._start = self._clock.monotonic_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failed = error is not None and not isinstance(error, _ANSWERS)
        self._breakers.on_call(self._endpoint, not failed, (self._clock.monotonic_ns() - self._start) / 1e9)
