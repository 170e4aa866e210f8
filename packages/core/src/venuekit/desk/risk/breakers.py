"""Circuit breakers: what stops trading by itself, tries again, and in the end waits for a person."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from venuekit.desk.risk.samples import Samples
from venuekit.desk.risk.verdicts import text
from venuekit.model.identity import InstrumentId
from venuekit.model.money import ONE, ZERO, minus, ratio, times
from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import BreakerRecord
from venuekit.protocols.risk import RiskView
from venuekit.settings.schema import BreakerSettings

_DAY_NS = 86_400 * NANOS


class BreakerState(StrEnum):
    """CLOSED lets orders go; OPEN, HALF_OPEN and MANUAL stop them. MANUAL ends only by a person's resume."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"
    MANUAL = "MANUAL"


_CLOSED = BreakerState.CLOSED.value


class Breakers:
    """All breakers of one desk.

    A tripped breaker is OPEN, and HALF_OPEN after `probe_after_seconds`: the next good measurement closes it, the
    next bad one opens it again. In HALF_OPEN orders still wait, but for `reject_rate`, where one order is the probe.
    After `max_recoveries` recoveries the next trip is MANUAL.
    """

    def __init__(self, settings: BreakerSettings, clock: Clock, records: Iterable[BreakerRecord] = ()) -> None:
        self._settings = settings
        self._clock = clock
        self._records = {r.name: r for r in records}
        self._all_closed = all(r.state == _CLOSED for r in self._records.values())
        self._changed: list[BreakerRecord] = []
        window_ns = settings.window_seconds * NANOS
        self._calls = Samples(window_ns)
        self._results = Samples(window_ns)
        self._data: dict[InstrumentId, int] = {}
        self._peak: Decimal | None = None
        self._warned_day = -1
        self._probe_ns: int | None = None
        self._failed_checks = 0

    # -- measurements

    def on_call(self, endpoint: str, ok: bool, seconds: float) -> None:
        """A call to the venue ended; `ok` is False when the venue failed, not when it said no."""
        now, s = self._clock.now_ns(), self._settings
        counted = seconds if seconds >= 0 else float("inf")  # NaN and negative times are not trusted
        self._calls.add(now, not ok, counted)
        enough = len(self._calls) >= s.min_calls
        if s.max_error_rate is not None:
            failed, count = self._calls.failed, len(self._calls)
            bad = enough and failed > 0 and ratio(Decimal(failed), Decimal(count)) > s.max_error_rate
            if bad or not self._closed("error_rate"):
                why = f"{failed} of {count} calls failed, the last to {endpoint}"
                self._measure("error_rate", bad=bad, probe_bad=not ok, reason=why)
        if s.max_latency_seconds is not None:
            slow = enough and self._calls.median > s.max_latency_seconds
            if slow or not self._closed("latency"):
                why = f"half of the calls took longer than {s.max_latency_seconds:g} s"
                self._measure("latency", bad=slow, probe_bad=not counted <= s.max_latency_seconds, reason=why)

    def on_order_sent(self) -> None:
        """An order is on its way: while `reject_rate` is HALF_OPEN it is the probe, and no other goes meanwhile."""
        if self._state("reject_rate") is BreakerState.HALF_OPEN:
            self._probe_ns = self._clock.now_ns()

    def on_order_result(self, rejected: bool) -> None:
        """The venue answered an order."""
        s = self._settings
        if s.max_reject_rate is None:
            return
        self._results.add(self._clock.now_ns(), rejected, 0.0)
        count = len(self._results)
        bad = count >= s.min_calls and ratio(Decimal(self._results.failed), Decimal(count)) > s.max_reject_rate
        self._probe_ns = None
        why = f"the venue rejected {self._results.failed} of {count} orders"
        self._measure("reject_rate", bad=bad, probe_bad=rejected, reason=why)

    def on_data(self, instrument: InstrumentId, time_ns: int) -> None:
        """Prices came. A time in the future counts as now."""
        self._data[instrument] = min(time_ns, self._clock.now_ns())

    def forget_data(self, instrument: InstrumentId) -> None:
        """No prices are expected any more: the subscription ended."""
        self._data.pop(instrument, None)

    def check_data(self) -> None:
        """Measure how old the prices are; to be called now and then, since silence makes no event."""
        limit = self._settings.max_data_age_seconds
        if limit is None:
            return
        oldest = self._clock.now_ns() - int(limit * NANOS)
        stale = sorted(i for i, at in self._data.items() if at < oldest)
        why = f"no prices for {', '.join(stale[:5])} for more than {limit:g} s"
        self._measure("stale_data", bad=bool(stale), probe_bad=bool(stale), reason=why)

    def check_loss(self, view: RiskView) -> str | None:
        """Measure loss and drawdown. Returns a warning sentence once a day, from `daily_loss_warning` on.

        While equity is unknown nothing changes: the `daily_loss` check refuses orders then. One that is not a
        number trips.
        """
        s, equity = self._settings, view.equity()
        if equity is None:
            return None
        if not equity.is_finite():
            self._measure("daily_loss", bad=True, probe_bad=True, reason="equity is not a number")
            return None
        self._drawdown(equity)
        pnl, start = view.daily_pnl(), view.day_start_equity()
        if pnl is None or start is None or not (start.is_finite() and pnl.is_finite()):
            return None
        lost = max(ZERO, -pnl)
        if s.daily_loss_critical is not None:
            most = times(max(start, ZERO), s.daily_loss_critical)
            bad = lost > 0 and lost >= most
            why = f"the loss today is {text(lost)}; trading stops at {text(most)}"
            self._measure("daily_loss", bad=bad, probe_bad=bad, reason=why)
        day = self._clock.now_ns() // _DAY_NS
        warn_at = times(max(start, ZERO), s.daily_loss_warning)
        if lost > 0 and lost >= warn_at and day != self._warned_day:
            self._warned_day = day
            return f"The loss today is {text(lost)}; the warning level is {text(warn_at)}."
        return None

    def _drawdown(self, equity: Decimal) -> None:
        if self._settings.max_drawdown is None:
            return
        self._peak = equity if self._peak is None else max(self._peak, equity)
        floor = times(self._peak, minus(ONE, self._settings.max_drawdown))
        bad = equity < self._peak and equity <= floor
        why = f"equity is {text(equity)}, down from {text(self._peak)}"
        self._measure("drawdown", bad=bad, probe_bad=bad, reason=why)

    def on_check(self, ok: bool) -> None:
        """A comparison with the venue was tried, and went through or failed."""
        most = self._settings.max_failed_checks
        self._failed_checks = 0 if ok else self._failed_checks + 1
        if most is not None:
            why = f"comparing with the venue failed {self._failed_checks} times, one after another"
            self._measure("health", bad=self._failed_checks >= most, probe_bad=not ok, reason=why)

    def external(self, name: str, value: Decimal | None, floor: Decimal, unit: str = "") -> None:
        """Any figure from outside that must stay at `floor` or above. An unknown one trips."""
        bad = value is None or not value.is_finite() or value < floor
        shown = "unknown" if value is None else f"{value}{unit}"
        self._measure(name, bad=bad, probe_bad=bad, reason=f"{name} is {shown}; {text(floor)}{unit} is the least")

    # -- answers

    def blocking(self) -> BreakerRecord | None:
        """The breaker that stops orders now, or None."""
        if self._all_closed:
            return None
        self._tick()
        for record in self._records.values():
            state = BreakerState(record.state)
            if state is BreakerState.CLOSED:
                continue
            if record.name == "reject_rate" and state is BreakerState.HALF_OPEN and self._probe_ns is None:
                continue
            return record
        return None

    def states(self) -> list[BreakerRecord]:
        """Every breaker that ever measured anything, by name."""
        self._tick()
        return sorted(self._records.values(), key=lambda r: r.name)

    def take_changes(self) -> list[BreakerRecord]:
        """Every change since the last call, oldest first, to be stored and told."""
        self._tick()
        changed, self._changed = self._changed, []
        return changed

    def resume(self) -> None:
        """A person says go: everything closes, recoveries count from zero, drawdown from the equity seen next."""
        for name in list(self._records):
            self._set(BreakerRecord(name=name, state=BreakerState.CLOSED.value))
        self._calls.clear()
        self._results.clear()
        self._peak, self._probe_ns = None, None
        self._failed_checks = 0

    # -- the machine

    def _state(self, name: str) -> BreakerState:
        record = self._records.get(name)
        return BreakerState.CLOSED if record is None else BreakerState(record.state)

    def _closed(self, name: str) -> bool:
        """Whether this breaker has measured before, and is closed: then a good measurement changes nothing."""
        record = self._records.get(name)
        return record is not None and record.state == _CLOSED

    def _tick(self) -> None:
        if self._all_closed:
            return
        wait = self._settings.probe_after_seconds * NANOS
        now = self._clock.now_ns()
        for r in list(self._records.values()):
            if r.state == BreakerState.OPEN.value and now - r.tripped_ns >= wait:
                self._move(r, BreakerState.HALF_OPEN, r.reason)
        if self._probe_ns is not None and now - self._probe_ns >= wait:
            self._probe_ns = None  # the probe's answer was lost: the next order is the probe

    def _measure(self, name: str, *, bad: bool, probe_bad: bool, reason: str) -> None:
        self._tick()
        record = self._records.get(name)
        if record is None:
            record = self._records[name] = BreakerRecord(name=name, state=BreakerState.CLOSED.value)
        state = BreakerState(record.state)
        if state is BreakerState.CLOSED and bad:
            spent = record.recoveries >= self._settings.max_recoveries
            self._move(record, BreakerState.MANUAL if spent else BreakerState.OPEN, reason, tripped=True)
        elif state is BreakerState.HALF_OPEN and probe_bad:
            self._move(record, BreakerState.OPEN, reason, tripped=True)
        elif state is BreakerState.HALF_OPEN:
            # What was measured before the trip would trip it again at once.
            (self._results if name == "reject_rate" else self._calls).clear()
            self._move(record, BreakerState.CLOSED, "", recovered=True)

    def _move(
        self,
        record: BreakerRecord,
        state: BreakerState,
        reason: str,
        *,
        tripped: bool = False,
        recovered: bool = False,
    ) -> None:
        self._set(
            BreakerRecord(
                name=record.name,
                state=state.value,
                reason=reason,
                tripped_ns=self._clock.now_ns() if tripped else record.tripped_ns,
                recoveries=record.recoveries + recovered,
            )
        )

    def _set(self, record: BreakerRecord) -> None:
        self._records[record.name] = record
        self._all_closed = all(r.state == _CLOSED for r in self._records.values())
        self._changed.append(record)
