"""How the venue does: errors, slowness and rejections over a window, silence of prices, comparisons that fail."""

from __future__ import annotations

from decimal import Decimal

from venuekit.desk.risk.breaker_kinds import ERROR_RATE, HEALTH, LATENCY, REJECT_RATE, STALE_DATA
from venuekit.desk.risk.machine import BreakerState, Machine
from venuekit.desk.risk.reading import Reading
from venuekit.desk.risk.samples import Samples
from venuekit.desk.risk.verdicts import text
from venuekit.model.identity import InstrumentId
from venuekit.model.money import ratio
from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.settings.schema import BreakerSettings


class VenueGauge:
    """Measures every call and order, and asks the machine. Time is that of a clock that never steps back."""

    def __init__(self, machine: Machine, settings: BreakerSettings, clock: Clock) -> None:
        self._machine = machine
        self._settings = settings
        self._clock = clock
        window_ns = settings.window_seconds * NANOS
        self._calls = Samples(window_ns)
        self._results = Samples(window_ns)
        self._data: dict[InstrumentId, int] = {}
        self._probe_ns: int | None = None
        self._failed_checks = 0

    def on_call(self, endpoint: str, ok: bool, seconds: float) -> None:
        """A call to the venue ended; `ok` is False when the venue failed, not when it said no."""
        s, machine = self._settings, self._machine
        counted = seconds if seconds >= 0 else float("inf")  # NaN and negative times are not trusted
        self._calls.add(self._clock.monotonic_ns(), not ok, counted)
        enough = len(self._calls) >= s.min_calls
        if s.max_error_rate is not None:
            failed, count = self._calls.failed, len(self._calls)
            bad = enough and failed > 0 and ratio(Decimal(failed), Decimal(count)) > s.max_error_rate
            if bad or not machine.is_quiet(ERROR_RATE):
                why = f"{failed} of {count} calls failed, the last to {endpoint}"
                self._recovered(machine.measure(ERROR_RATE, bad=bad, probe_bad=not ok, reason=why))
        if s.max_latency_seconds is not None:
            slow = enough and self._calls.median > s.max_latency_seconds
            if slow or not machine.is_quiet(LATENCY):
                why = f"half of the calls took longer than {s.max_latency_seconds:g} s"
                probe_bad = not counted <= s.max_latency_seconds
                self._recovered(machine.measure(LATENCY, bad=slow, probe_bad=probe_bad, reason=why))

    def _recovered(self, yes: bool) -> None:
        """What was measured before the trip would trip it again at once."""
        if yes:
            self._calls.clear()

    def on_order_sent(self) -> None:
        """An order is on its way: while `reject_rate` is HALF_OPEN it is the probe, and no other goes meanwhile."""
        if self._machine.state(REJECT_RATE) is BreakerState.HALF_OPEN:
            self._probe_ns = self._clock.monotonic_ns()

    def on_order_result(self, rejected: bool) -> None:
        """The venue answered an order."""
        s = self._settings
        if s.max_reject_rate is None:
            return
        self._results.add(self._clock.monotonic_ns(), rejected, 0.0)
        count = len(self._results)
        bad = count >= s.min_calls and ratio(Decimal(self._results.failed), Decimal(count)) > s.max_reject_rate
        self._probe_ns = None
        why = f"the venue rejected {self._results.failed} of {count} orders"
        if self._machine.measure(REJECT_RATE, bad=bad, probe_bad=rejected, reason=why):
            self._results.clear()

    @property
    def lets_a_probe_go(self) -> bool:
        """Whether one order may go now, to see whether the venue still rejects them."""
        if self._machine.state(REJECT_RATE) is not BreakerState.HALF_OPEN:
            return False
        wait_ns = self._settings.probe_after_seconds * NANOS
        # After so long the probe's answer was lost, and the next order is the probe.
        return self._probe_ns is None or self._clock.monotonic_ns() - self._probe_ns >= wait_ns

    def on_data(self, instrument: InstrumentId) -> None:
        """Prices came."""
        self._data[instrument] = self._clock.monotonic_ns()

    def forget_data(self, instrument: InstrumentId) -> None:
        """No prices are expected any more: the subscription ended."""
        self._data.pop(instrument, None)

    def check_data(self) -> None:
        """Measure how old the prices are; to be called now and then, since silence makes no event."""
        limit = self._settings.max_data_age_seconds
        if limit is None:
            return
        oldest = self._clock.monotonic_ns() - int(limit * NANOS)
        stale = sorted(i for i, at in self._data.items() if at < oldest)
        why = f"no prices for {', '.join(stale[:5])} for more than {limit:g} s"
        self._machine.measure(STALE_DATA, bad=bool(stale), probe_bad=bool(stale), reason=why)

    def on_check(self, ok: bool) -> None:
        """A comparison with the venue was tried, and went through or failed."""
        most = self._settings.max_failed_checks
        self._failed_checks = 0 if ok else self._failed_checks + 1
        if most is not None:
            why = f"comparing with the venue failed {self._failed_checks} times, one after another"
            self._machine.measure(HEALTH, bad=self._failed_checks >= most, probe_bad=not ok, reason=why)

    def resume(self) -> None:
        """A person says go: what was measured before counts no more."""
        self._calls.clear()
        self._results.clear()
        self._probe_ns = None
        self._failed_checks = 0

    def readings(self) -> dict[str, Reading]:
        """What each breaker of this gauge measures now."""
        s, calls, now = self._settings, self._calls, self._clock.monotonic_ns()
        calls.forget(now)
        self._results.forget(now)
        oldest = (now - min(self._data.values())) / NANOS if self._data else None
        return {
            ERROR_RATE.name: Reading(_share(calls), _limit(s.max_error_rate)),
            LATENCY.name: Reading(f"{calls.median:g} s" if len(calls) else "", _limit(s.max_latency_seconds, " s")),
            REJECT_RATE.name: Reading(_share(self._results), _limit(s.max_reject_rate)),
            STALE_DATA.name: Reading("" if oldest is None else f"{oldest:.1f} s", _limit(s.max_data_age_seconds, " s")),
            HEALTH.name: Reading(f"{self._failed_checks} failed", _limit(s.max_failed_checks, " failed")),
        }


def _share(samples: Samples) -> str:
    return text(round(ratio(Decimal(samples.failed), Decimal(len(samples))), 4)) if len(samples) else ""


def _limit(value: Decimal | float | None, unit: str = "") -> str:
    if value is None:
        return "off"
    return f"{text(value) if isinstance(value, Decimal) else f'{value:g}'}{unit}"
