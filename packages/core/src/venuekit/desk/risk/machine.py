"""The states of circuit breakers: trip, wait, probe, recover a few times, and in the end wait for a person."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import attrs

from venuekit.desk.risk.breaker_kinds import Kind
from venuekit.model.times import NANOS
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.clock import Clock
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import BreakerSettings

#: A wait doubles with each failed probe, up to so many times the first.
_LONGEST_WAIT = 16


class BreakerState(StrEnum):
    """CLOSED lets orders go; OPEN, HALF_OPEN and MANUAL stop them. MANUAL ends only by a person's resume."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"
    MANUAL = "MANUAL"


CLOSED = BreakerState.CLOSED.value
_OPEN, _HALF_OPEN, _MANUAL = BreakerState.OPEN.value, BreakerState.HALF_OPEN.value, BreakerState.MANUAL.value


class Change(NamedTuple):
    """A breaker as it is now, and the event that says so; no event where only what it remembers has changed."""

    record: BreakerRecord
    event: str


class Machine:
    """The records of one desk's breakers, and the only way from one state to the next.

    OPEN becomes HALF_OPEN after `probe_after_seconds`, twice as long after each probe that failed. There the next
    good measurement closes it, and the next bad one opens it again. After `max_recoveries` recoveries the next trip
    is MANUAL. Waits are measured by a clock that never steps back.
    """

    def __init__(self, settings: BreakerSettings, clock: Clock, records: Iterable[BreakerRecord] = ()) -> None:
        self._first_wait_ns = settings.probe_after_seconds * NANOS
        self._most = settings.max_recoveries
        self._clock = clock
        self._records = {r.name: r for r in records}
        #: How often a person has said go so far.
        self.resumes = max((r.resumes for r in self._records.values()), default=0)
        #: When an OPEN breaker may be probed, by the steady clock.
        self._due = {r.name: self._due_again(r) for r in self._records.values() if r.state == _OPEN}
        self._changed: deque[Change] = deque()
        self.all_closed = True
        self._look()

    def forget(self, gone: Callable[[str], bool]) -> None:
        """Close what is not configured any more: nothing would ever measure it again."""
        for record in list(self._records.values()):
            if record.state != CLOSED and gone(record.name):
                self._set(attrs.evolve(record, state=CLOSED, reason="no longer configured"))

    def _wait_ns(self, record: BreakerRecord) -> int:
        doubled = 1 << min(record.failed_probes, _LONGEST_WAIT.bit_length() - 1)
        return self._first_wait_ns * doubled

    def _due_again(self, record: BreakerRecord) -> int:
        """After a restart only the time of day tells how long it has waited; a time of the future tells nothing."""
        wait, waited = self._wait_ns(record), self._clock.now_ns() - record.tripped_ns
        return self._clock.monotonic_ns() + (wait if waited < 0 else max(0, wait - waited))

    def tick(self) -> None:
        """Let what has waited long enough be probed."""
        if self.all_closed:
            return
        now = self._clock.monotonic_ns()
        for name, due_ns in list(self._due.items()):
            if now >= due_ns:
                self._set(attrs.evolve(self._records[name], state=_HALF_OPEN))

    def state(self, kind: Kind) -> BreakerState:
        """Where this breaker is."""
        record = self._records.get(kind.name)
        return BreakerState.CLOSED if record is None else BreakerState(record.state)

    def is_quiet(self, kind: Kind) -> bool:
        """Whether it has measured before and is closed: then a good measurement changes nothing."""
        record = self._records.get(kind.name)
        return record is not None and record.state == CLOSED

    def record(self, kind: Kind) -> BreakerRecord:
        """What is remembered of it."""
        return self._records.get(kind.name) or BreakerRecord(name=kind.name, state=CLOSED, leads_to=kind.leads_to)

    def measure(self, kind: Kind, *, bad: bool, probe_bad: bool, reason: str) -> bool:
        """Take in one measurement: `bad` trips a closed breaker, `probe_bad` fails the probe of one that waits.

        True when the breaker recovered by it.
        """
        self.tick()
        record = self._records.setdefault(kind.name, self.record(kind))
        if record.state == CLOSED and bad:
            spent = not kind.recovers or record.recoveries >= self._most
            self._set(self._tripped(record, kind, reason, _MANUAL if spent else _OPEN, failed_probes=0))
        elif record.state == _HALF_OPEN and probe_bad:
            self._set(self._tripped(record, kind, reason, _OPEN, failed_probes=record.failed_probes + 1))
        elif record.state == _HALF_OPEN:
            self._set(attrs.evolve(record, state=CLOSED, reason="", failed_probes=0, recoveries=record.recoveries + 1))
            return True
        return False

    def _tripped(
        self, record: BreakerRecord, kind: Kind, reason: str, state: str, *, failed_probes: int
    ) -> BreakerRecord:
        return attrs.evolve(
            record,
            state=state,
            leads_to=kind.leads_to,
            reason=reason,
            tripped_ns=self._clock.now_ns(),
            failed_probes=failed_probes,
        )

    def warn(self, kind: Kind, message: str) -> None:
        """Say that a breaker is about to trip; an empty message takes that back."""
        before = self.record(kind)
        if message:
            after = attrs.evolve(before, warning=message, warned_ns=self._clock.now_ns())
            self._set(after, "breaker_warning")
        elif before.warning:
            self._set(attrs.evolve(before, warning=""), "")

    def remember(self, kind: Kind, peak: str) -> None:
        """Keep the figure from which a breaker measures, over restarts."""
        self._set(attrs.evolve(self.record(kind), peak=peak), "")

    def resume(self, resumes: int) -> bool:
        """A person says go: everything closes, and recoveries count from zero. Warnings stay.

        `resumes` counts such words; a record that was made after as many of them stays. True when one did not.
        """
        self.resumes, found = resumes, False
        for record in list(self._records.values()):
            if record.resumes >= resumes:
                continue
            found = True
            closed = BreakerRecord(
                name=record.name,
                state=CLOSED,
                leads_to=record.leads_to,
                warning=record.warning,
                warned_ns=record.warned_ns,
                resumes=resumes,
            )
            if record.state != CLOSED:
                self._set(closed)
            else:
                self._set(closed, "")
        return found

    def _set(self, record: BreakerRecord, event: str | None = None) -> None:
        record = attrs.evolve(record, resumes=self.resumes)
        self._records[record.name] = record
        if record.state != _OPEN:
            self._due.pop(record.name, None)
        elif event is None:
            self._due[record.name] = self._clock.monotonic_ns() + self._wait_ns(record)
        self._changed.append(Change(record, f"breaker_{record.state.lower()}" if event is None else event))
        self._look()

    def _look(self) -> None:
        self.all_closed = all(r.state == CLOSED for r in self._records.values())

    def tripped(self) -> list[BreakerRecord]:
        """What stops orders, the strictest first."""
        if self.all_closed:
            return []
        self.tick()
        found = [r for r in self._records.values() if r.state != CLOSED]
        return sorted(found, key=lambda r: r.leads_to is not TradingState.HALTED)

    def records(self) -> list[BreakerRecord]:
        """Every breaker that ever measured anything, by name."""
        self.tick()
        return sorted(self._records.values(), key=lambda r: r.name)

    def next_change(self) -> Change | None:
        """The oldest change that is not recorded yet; it stays until `kept` is called."""
        self.tick()
        return self._changed[0] if self._changed else None

    def kept(self) -> None:
        """The oldest change is durable."""
        self._changed.popleft()
