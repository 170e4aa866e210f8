"""Whatever is measured in whatever order, a breaker keeps to its states, its waits and its three recoveries."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from still_clock import StillClock

from venuekit.desk.risk.breaker_kinds import DAILY_LOSS, ERROR_RATE, Kind
from venuekit.desk.risk.machine import Machine
from venuekit.protocols.breakers import BreakerRecord
from venuekit.settings.schema import BreakerSettings

SECOND = 10**9
WAIT = 30
MOST = 3
KINDS = st.sampled_from([ERROR_RATE, DAILY_LOSS])
NEXT = {
    "CLOSED": {"CLOSED", "OPEN", "MANUAL"},
    "OPEN": {"OPEN", "HALF_OPEN"},
    "HALF_OPEN": {"HALF_OPEN", "OPEN", "CLOSED"},
    "MANUAL": {"MANUAL"},
}


class Life(RuleBasedStateMachine):
    """Two breakers, and a store that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.clock: Any = StillClock()
        self.settings = BreakerSettings(probe_after_seconds=WAIT, max_recoveries=MOST)
        self.machine = Machine(self.settings, self.clock)
        self.kept: dict[str, BreakerRecord] = {}
        self.before: dict[str, str] = {}
        self.recovered = {ERROR_RATE.name: 0, DAILY_LOSS.name: 0}
        self.opened: dict[str, int] = {}

    def state(self, kind: Kind) -> str:
        return str(self.machine.state(kind).value)

    def record(self) -> None:
        """Keep each change, in order, and hold it against the table of what may follow what."""
        while (change := self.machine.next_change()) is not None:
            name, after = change.record.name, change.record.state
            before = self.before.get(name, "CLOSED")
            assert after in NEXT[before], (name, before, after)
            if before == "HALF_OPEN" and after == "CLOSED":
                self.recovered[name] += 1
            if before == "OPEN" and after == "HALF_OPEN":
                assert self.clock.now - self.opened[name] >= WAIT * SECOND
            if after == "OPEN":
                self.opened[name] = self.clock.now
            self.before[name] = after
            self.kept[name] = change.record
            self.machine.kept()

    @rule(kind=KINDS, bad=st.booleans(), probe_bad=st.booleans())
    def measure(self, kind: Kind, bad: bool, probe_bad: bool) -> None:
        self.machine.tick()
        before = self.state(kind)
        self.machine.measure(kind, bad=bad, probe_bad=probe_bad, reason="measured")
        after = self.state(kind)
        if before == "CLOSED":
            assert (after != "CLOSED") is bad, "a bad measurement trips, and only that"
        if before == "HALF_OPEN":
            assert (after == "CLOSED") is not probe_bad
        self.record()

    @rule(seconds=st.sampled_from([1, WAIT - 1, WAIT, 2 * WAIT, 16 * WAIT]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds * SECOND
        self.record()

    @rule(seconds=st.integers(-100_000, 100_000))
    def set_the_clock(self, seconds: int) -> None:
        states = [self.state(k) for k in (ERROR_RATE, DAILY_LOSS)]
        self.clock.step += seconds * SECOND
        self.machine.tick()
        assert [self.state(k) for k in (ERROR_RATE, DAILY_LOSS)] == states, "setting the clock is no waiting"

    @rule()
    def restart(self) -> None:
        self.record()
        # The time of day is what a restart has: it was set right in between.
        self.clock.step = 0
        tripped = {name: r.tripped_ns for name, r in self.kept.items() if r.state == "OPEN"}
        resumes = self.machine.resumes
        self.machine = Machine(self.settings, self.clock, list(self.kept.values()))
        self.machine.resume(resumes)
        for name, record in self.kept.items():
            now = next(r for r in self.machine.records() if r.name == name)
            assert now.recoveries == record.recoveries
            assert now.state == record.state or (record.state == "OPEN" and now.state == "HALF_OPEN")
        for name, since in tripped.items():
            self.opened[name] = min(self.opened[name], since)
        self.record()

    @rule()
    def resume(self) -> None:
        self.record()
        self.machine.resume(self.machine.resumes + 1)
        self.before = dict.fromkeys(self.before, "CLOSED")
        while (change := self.machine.next_change()) is not None:
            assert change.record.state == "CLOSED"
            self.kept[change.record.name] = change.record
            self.machine.kept()
        self.recovered = dict.fromkeys(self.recovered, 0)
        assert self.machine.tripped() == []

    @invariant()
    def at_most_three_recoveries_and_none_from_a_loss(self) -> None:
        assert self.recovered[ERROR_RATE.name] <= MOST
        assert self.recovered[DAILY_LOSS.name] == 0
        if self.recovered[ERROR_RATE.name] == MOST:
            assert self.state(ERROR_RATE) in ("CLOSED", "MANUAL")

    @invariant()
    def what_is_not_closed_stops_orders(self) -> None:
        closed = all(self.state(k) == "CLOSED" for k in (ERROR_RATE, DAILY_LOSS))
        assert (self.machine.tripped() == []) is closed


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase


def machine_of(clock: Any, **more: Any) -> Machine:
    return Machine(BreakerSettings(probe_after_seconds=WAIT, **more), clock)


def test_a_venue_that_flaps_is_asked_ever_more_seldom_up_to_sixteen_times_the_first_wait(clock: Any) -> None:
    machine = machine_of(clock)
    machine.measure(ERROR_RATE, bad=True, probe_bad=True, reason="down")
    waits = []
    for _ in range(7):
        since = clock.now
        while machine.state(ERROR_RATE).value != "HALF_OPEN":
            clock.now += SECOND
            machine.tick()
        waits.append((clock.now - since) // SECOND)
        machine.measure(ERROR_RATE, bad=True, probe_bad=True, reason="down")
    assert waits == [30, 60, 120, 240, 480, 480, 480]


def test_a_restart_does_not_shorten_the_wait_and_a_time_of_the_future_waits_it_whole(clock: Any) -> None:
    machine = machine_of(clock)
    machine.measure(ERROR_RATE, bad=True, probe_bad=True, reason="down")
    records = machine.records()
    clock.now += 20 * SECOND
    for step, left in ((0, 10), (-3600, 30)):
        clock.step = step * SECOND
        again = Machine(BreakerSettings(probe_after_seconds=WAIT), clock, records)
        clock.now += left * SECOND - 1
        again.tick()
        assert again.state(ERROR_RATE).value == "OPEN"
        clock.now += 1
        again.tick()
        assert again.state(ERROR_RATE).value == "HALF_OPEN"
        clock.now -= left * SECOND


def test_a_change_that_could_not_be_recorded_is_still_there(clock: Any) -> None:
    machine = machine_of(clock)
    machine.measure(ERROR_RATE, bad=True, probe_bad=True, reason="down")
    first = machine.next_change()
    assert first is not None
    assert machine.next_change() is first
    machine.kept()
    assert machine.next_change() is None
