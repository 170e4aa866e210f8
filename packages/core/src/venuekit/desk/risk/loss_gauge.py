"""What the account has lost: since the day began, and since its best; and that nothing is risked while nobody knows."""

from __future__ import annotations

from decimal import Decimal

from venuekit.desk.risk.breaker_kinds import DAILY_LOSS, DRAWDOWN
from venuekit.desk.risk.machine import Machine
from venuekit.desk.risk.reading import Reading
from venuekit.desk.risk.verdicts import text
from venuekit.model.money import ONE, ZERO, minus, plus, ratio, times
from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.protocols.risk import RiskView
from venuekit.settings.schema import BreakerSettings

_DAY_NS = 86_400 * NANOS
#: A best that rose by less is not worth a row: after a crash the drawdown is measured from this much less at most.
_WORTH_KEEPING = Decimal("0.01")


class LossGauge:
    """Measures equity, and asks the machine."""

    def __init__(self, machine: Machine, settings: BreakerSettings, clock: Clock) -> None:
        self._machine = machine
        self._settings = settings
        self._clock = clock
        peak = machine.record(DRAWDOWN).peak
        self._peak = self._kept = Decimal(peak) if peak else None
        self._limits = settings.daily_loss_critical is not None or settings.max_drawdown is not None
        self._last: dict[str, str] = {}

    def unknown(self, view: RiskView) -> str:
        """Why losses cannot be measured now, where they are limited; empty when they can."""
        if not self._limits:
            return ""
        equity = view.equity()
        if equity is not None and equity.is_finite():
            return ""
        if equity is not None:
            return "equity is not a number"
        unpriced = view.unpriced()
        return f"nobody knows the worth of {', '.join(unpriced[:5])}" if unpriced else "balances are not known"

    def check(self, view: RiskView) -> None:
        """Measure loss and drawdown. What cannot be known changes nothing here: `unknown` refuses orders meanwhile."""
        equity = view.equity()
        if equity is None or not equity.is_finite():
            return
        self._drawdown(equity)
        s, pnl, start = self._settings, view.daily_pnl(), view.day_start_equity()
        if pnl is None or start is None or not (start.is_finite() and pnl.is_finite()):
            return
        lost, base = max(ZERO, -pnl), max(start, ZERO)
        self._last[DAILY_LOSS.name] = text(lost)
        if s.daily_loss_critical is not None:
            most = times(base, s.daily_loss_critical)
            bad = lost > 0 and lost >= most
            why = f"the loss today is {text(lost)}; trading stops at {text(most)}"
            self._machine.measure(DAILY_LOSS, bad=bad, probe_bad=bad, reason=why)
        self._warn(lost, times(base, s.daily_loss_warning))

    def _warn(self, lost: Decimal, level: Decimal) -> None:
        """Once a day; the next day takes it back."""
        record, today = self._machine.record(DAILY_LOSS), self._clock.now_ns() // _DAY_NS
        told_today = record.warned_ns // _DAY_NS == today
        if lost > 0 and lost >= level:
            if not told_today:
                self._machine.warn(DAILY_LOSS, f"the loss today is {text(lost)}; the warning level is {text(level)}")
        elif not told_today:
            self._machine.warn(DAILY_LOSS, "")

    def _drawdown(self, equity: Decimal) -> None:
        if self._settings.max_drawdown is None:
            return
        self._peak = equity if self._peak is None else max(self._peak, equity)
        if self._kept is None or self._peak >= times(self._kept, plus(ONE, _WORTH_KEEPING)):
            self._kept = self._peak
            self._machine.remember(DRAWDOWN, peak=text(self._peak))
        floor = times(self._peak, minus(ONE, self._settings.max_drawdown))
        bad = equity < self._peak and equity <= floor
        if self._peak > 0:
            self._last[DRAWDOWN.name] = _percent(ratio(minus(self._peak, equity), self._peak))
        why = f"equity is {text(equity)}, down from {text(self._peak)}"
        self._machine.measure(DRAWDOWN, bad=bad, probe_bad=bad, reason=why)

    def resume(self) -> None:
        """A person says go: the drawdown counts from the equity seen next. The loss of the day stays."""
        self._peak = self._kept = None

    def readings(self) -> dict[str, Reading]:
        """What was measured last."""
        s = self._settings
        return {
            kind.name: Reading(self._last.get(kind.name, ""), "off" if most is None else _percent(most))
            for kind, most in ((DAILY_LOSS, s.daily_loss_critical), (DRAWDOWN, s.max_drawdown))
        }


def _percent(share: Decimal) -> str:
    return f"{text(round(times(share, Decimal(100)), 2))} %"
