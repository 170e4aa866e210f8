"""How the venue, its prices and the account are doing: measures every call, and asks the breakers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from types import TracebackType
from typing import Self

from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.breakers import Breakers, BreakerState
from venuekit.desk.risk.proposal import reduces
from venuekit.desk.risk.venue_gauge import VenueGauge
from venuekit.desk.views import BreakerStatus
from venuekit.errors import RateLimited, Refused, Rejected, UsageError
from venuekit.model.identity import InstrumentId
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import EntryKind, Store
from venuekit.protocols.process import ProcessUsage
from venuekit.protocols.risk import Proposal, RiskView, TradingState, Verdict
from venuekit.settings.schema import BreakerSettings

#: An answer that the venue gave, whatever it says, is not a failure of the venue. "Too many" makes us slower instead.
_ANSWERS = (Rejected, UsageError, Refused, RateLimited)


class Health:
    """Feeds the breakers, remembers their states in the store, and tells when one changes."""

    def __init__(
        self,
        desk: str,
        settings: BreakerSettings,
        store: Store,
        recorder: Recorder,
        clock: Clock,
        usage: ProcessUsage | None = None,
    ) -> None:
        self._desk = desk
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._breakers = Breakers(settings, clock, store.breakers(desk), usage, desk)
        self._figures = bool(settings.figures)
        self.read()
        self._priced: set[InstrumentId] = set()

    def read(self) -> None:
        """Take in the figures that other processes reported."""
        if self._figures:
            self._breakers.figures.take_in(self._store.figures())

    def report(self, name: str, value: Decimal | float | str | None, by: str) -> None:
        """A figure from outside is told here. Raises InvalidValue."""
        self._breakers.figures.report(name, value, by)

    def timed(self, endpoint: str) -> _Timed:
        """A ``with`` block around one call to the venue."""
        return _Timed(self._breakers.venue, self._clock, endpoint)

    def order_sent(self) -> None:
        """An order goes out now."""
        self._breakers.venue.on_order_sent()

    def order_result(self, *, rejected: bool) -> None:
        """The venue has answered an order."""
        self._breakers.venue.on_order_result(rejected)

    def price_seen(self, instrument: InstrumentId) -> None:
        """A price stream brought something."""
        self._priced.add(instrument)
        self._breakers.venue.on_data(instrument)

    def checked(self, *, ok: bool) -> None:
        """A comparison with the venue went through, or failed."""
        self._breakers.venue.on_check(ok)

    def refusal(self, proposal: Proposal, view: RiskView) -> Verdict | None:
        """Why this order may not go now, if a breaker says so, or if what losses are measured by is not known."""
        record = self._breakers.blocking()
        if record is not None and record.leads_to is TradingState.REDUCING and reduces(proposal):
            record = self._breakers.blocking(reduces=True)
        if record is not None:
            return _stopped_by(record)
        if self._figures and (missing := self._breakers.figures.unreported()) is not None:
            name, leads_to = missing
            if leads_to is TradingState.HALTED or not reduces(proposal):
                return _unreported(name, leads_to)
        unknown = self._breakers.loss.unknown(view)
        return _unmeasured(unknown) if unknown and not reduces(proposal) else None

    def standing(self) -> tuple[TradingState, str]:
        """What breakers let go now, and why not everything."""
        record, missing = self._breakers.blocking(), self._breakers.figures.unreported()
        if missing is not None and (record is None or missing[1].strictness > record.leads_to.strictness):
            return missing[1], f"the figure {missing[0]} has not been reported yet"
        if record is None:
            return TradingState.ACTIVE, ""
        return record.leads_to, f"circuit breaker {record.name} is {record.state}: {record.reason}"

    def states(self) -> list[BreakerStatus]:
        """Every breaker that ever measured anything."""
        return [
            BreakerStatus(
                name=record.name,
                state=record.state,
                leads_to=record.leads_to,
                value=reading.value,
                limit=reading.limit,
                measured_ns=reading.time_ns or None,
                reason=record.reason,
                warning=record.warning,
                tripped_ns=record.tripped_ns or None,
                recoveries=record.recoveries,
            )
            for record, reading in self._breakers.states()
        ]

    def resumed(self, resumes: int) -> None:
        """A person said go, for the so many-th time: every breaker that tripped before closes."""
        self._breakers.resumed(resumes)

    async def look(self, view: RiskView, subscribed: Iterable[InstrumentId]) -> None:
        """Measure what makes no event of its own, and record what changed since the last look.

        Raises:
            JournalUnavailable: a change could not be recorded; it is recorded with the next look.
        """
        for instrument in self._priced.difference(subscribed):
            self._priced.discard(instrument)
            self._breakers.venue.forget_data(instrument)
        self._breakers.venue.check_data()
        self._breakers.process.check()
        self._breakers.loss.check(view)
        self._breakers.figures.check()
        while (figure := self._breakers.figures.to_keep()) is not None:
            body = {"action": "report", "by": figure.by, "source": "library"}
            await self._store.set_figure(figure, self._recorder.entry(EntryKind.CONTROL, figure.name, figure.by, body))
            self._breakers.figures.kept(figure)
        while (change := self._breakers.next_change()) is not None:
            await self._remember(*change)
            self._breakers.kept()

    async def _remember(self, record: BreakerRecord, kind: str) -> None:
        body = {"event": kind, "name": record.name, "reason": record.reason, "recoveries": record.recoveries}
        if record.warning:
            body["warning"] = record.warning
        entry = self._recorder.entry(EntryKind.CONTROL, record.name, "", body)
        await self._store.set_breaker(self._desk, record, entry)
        if kind:
            self._recorder.publish(self._recorder.about(kind, _told(record, kind), record.name))


def _told(record: BreakerRecord, kind: str) -> str:
    if kind == "breaker_warning":
        return f"breaker {record.name} warns: {record.warning}"
    return f"breaker {record.name} is {record.state}" + (f": {record.reason}" if record.reason else "")


def _stopped_by(record: BreakerRecord) -> Verdict:
    manual = record.state == BreakerState.MANUAL.value
    wait = "nothing else until a person resumes trading" if manual else "the same order once it has closed"
    reducing = record.leads_to is TradingState.REDUCING
    return Verdict(
        "circuit_breaker",
        False,
        f"The circuit breaker {record.name} is {record.state}: {record.reason}."
        + (" Only orders that make a position smaller go." if reducing else ""),
        record.name,
        record.state,
        f"an order that reduces; {wait}" if reducing else wait.replace("nothing else", "nothing"),
        code="TRADING_REDUCING" if reducing else "TRADING_HALTED",
    )


def _unreported(name: str, leads_to: TradingState) -> Verdict:
    reducing = leads_to is TradingState.REDUCING
    return Verdict(
        "circuit_breaker",
        False,
        f"The figure {name} is required and has not been reported since the desk began.",
        f"figures.{name}",
        "unknown",
        f"{'an order that reduces; or any' if reducing else 'the same order'} after: venuekit report {name} VALUE",
        code="TRADING_REDUCING" if reducing else "TRADING_HALTED",
    )


def _unmeasured(why: str) -> Verdict:
    return Verdict(
        "loss_limits",
        False,
        f"Losses cannot be measured, because {why}; only orders that make a position smaller go.",
        "daily_loss_critical, max_drawdown",
        "unknown",
        "an order that reduces; or any, once it is known, or with both limits of [breakers] off",
        code="DATA_NOT_TRUSTED",
    )


class _Timed:
    """Measures one call. A plain class, because a generator costs three times as much on every order."""

    __slots__ = ("_clock", "_endpoint", "_gauge", "_start")

    def __init__(self, gauge: VenueGauge, clock: Clock, endpoint: str) -> None:
        self._gauge = gauge
        self._clock = clock
        self._endpoint = endpoint
        self._start = 0

    def __enter__(self) -> Self:
        self._start = self._clock.monotonic_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failed = error is not None and not isinstance(error, _ANSWERS)
        self._gauge.on_call(self._endpoint, not failed, (self._clock.monotonic_ns() - self._start) / 1e9)
