"""Circuit breakers: what is measured, what stops trading by it, and what a person's word starts again."""

from __future__ import annotations

from collections.abc import Iterable

from venuekit.desk.risk.breaker_kinds import REJECT_RATE
from venuekit.desk.risk.figure_gauge import PREFIX, FigureGauge
from venuekit.desk.risk.loss_gauge import LossGauge
from venuekit.desk.risk.machine import BreakerState, Change, Machine
from venuekit.desk.risk.process_gauge import ProcessGauge
from venuekit.desk.risk.reading import Reading
from venuekit.desk.risk.venue_gauge import VenueGauge
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.clock import Clock
from venuekit.protocols.process import ProcessUsage
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import BreakerSettings

__all__ = ["BreakerState", "Breakers"]


class Breakers:
    """All breakers of one desk: the gauges that measure, and the machine that they ask."""

    def __init__(
        self,
        settings: BreakerSettings,
        clock: Clock,
        records: Iterable[BreakerRecord] = (),
        usage: ProcessUsage | None = None,
        desk: str = "",
    ) -> None:
        self._machine = Machine(settings, clock, records)
        self.venue = VenueGauge(self._machine, settings, clock)
        self.loss = LossGauge(self._machine, settings, clock)
        self.process = ProcessGauge(self._machine, settings, clock, usage)
        self.figures = FigureGauge(self._machine, settings.figures, clock, desk)
        self._machine.forget(lambda name: name.startswith(PREFIX) and name.removeprefix(PREFIX) not in settings.figures)

    def blocking(self, *, reduces: bool = False) -> BreakerRecord | None:
        """The breaker that stops orders now, or None; `reduces` is about an order that makes a position smaller.

        In HALF_OPEN orders still wait, but for `reject_rate`, where one order is the probe.
        """
        if self._machine.all_closed:
            return None
        for record in self._machine.tripped():
            if reduces and record.leads_to is TradingState.REDUCING:
                continue
            if record.name == REJECT_RATE.name and self.venue.lets_a_probe_go:
                continue
            return record
        return None

    def states(self) -> list[tuple[BreakerRecord, Reading]]:
        """Every breaker that ever measured anything, with what it measures now."""
        readings = {
            **self.venue.readings(),
            **self.loss.readings(),
            **self.process.readings(),
            **self.figures.readings(),
        }
        return [(r, readings.get(r.name, Reading("", ""))) for r in self._machine.records()]

    def next_change(self) -> Change | None:
        """The oldest change that is not recorded yet."""
        return self._machine.next_change()

    def kept(self) -> None:
        """The oldest change is recorded."""
        self._machine.kept()

    def resumed(self, resumes: int) -> None:
        """A person said go: everything closes, recoveries count from zero, drawdown from the equity seen next.

        `resumes` counts such words; what tripped after as many stays as it is, as over a restart.
        """
        if self._machine.resumes == resumes or not self._machine.resume(resumes):
            return
        self.venue.resume()
        self.loss.resume()
        self.process.resume()
