"""What the process itself uses: processor and memory over a while, and the room left on the disk."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from venuekit.desk.risk.breaker_kinds import CPU, DISK, MEMORY, Kind
from venuekit.desk.risk.machine import Machine
from venuekit.desk.risk.reading import Reading
from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.protocols.process import ProcessUsage
from venuekit.settings.schema import BreakerSettings

_MEGABYTE = 1_000_000


class ProcessGauge:
    """Asks the system now and then, and the machine. A figure that is limited and that nobody tells trips."""

    def __init__(self, machine: Machine, settings: BreakerSettings, clock: Clock, usage: ProcessUsage | None) -> None:
        self._machine = machine
        self._settings = settings
        self._clock = clock
        self._usage = usage
        self._window_ns = settings.resource_window_seconds * NANOS
        self._used: deque[tuple[int, int]] = deque()
        self._above_since: int | None = None
        self._last: dict[str, str] = {}

    def check(self) -> None:
        """Measure what is limited."""
        if self._usage is None:
            return
        now = self._clock.monotonic_ns()
        if self._settings.min_free_disk_mb is not None:
            self._disk(self._usage.free_disk_bytes(), self._settings.min_free_disk_mb)
        if self._settings.max_cpu_share is not None:
            self._cpu(now, self._usage.cpu_ns(), self._settings.max_cpu_share)
        if self._settings.max_memory_mb is not None:
            self._memory(now, self._usage.memory_bytes(), self._settings.max_memory_mb)

    def _disk(self, free: int | None, least: int) -> None:
        left = "unknown" if free is None else f"{free // _MEGABYTE} MB"
        bad = free is None or free < least * _MEGABYTE
        self._judge(DISK, left, bad, f"disk is {left}; {least} MB is the least")

    def _cpu(self, now: int, used: int | None, most: float) -> None:
        if used is None:
            self._judge(CPU, "unknown", True, "the system does not tell what processor time is used")
            return
        self._used.append((now, used))
        while len(self._used) > 2 and self._used[1][0] <= now - self._window_ns:
            self._used.popleft()
        since, before = self._used[0]
        if now - since < self._window_ns:
            return  # a short burst is no trouble
        share = (used - before) / (now - since)
        why = f"the process used {share:.2f} processor cores for {(now - since) // NANOS} s; {most:g} is the most"
        self._judge(CPU, f"{share:.2f}", share > most, why)

    def _memory(self, now: int, used: int | None, most: int) -> None:
        if used is None:
            self._judge(MEMORY, "unknown", True, "the system does not tell how much memory is used")
            return
        if used <= most * _MEGABYTE:
            self._above_since = None
        elif self._above_since is None:
            self._above_since = now
        long = self._above_since is not None and now - self._above_since >= self._window_ns
        shown = f"{used // _MEGABYTE} MB"
        seconds = self._settings.resource_window_seconds
        # A probe is one look: only what is below the limit again closes it.
        self._judge(
            MEMORY,
            shown,
            long,
            f"the process has used more than {most} MB for {seconds} s, now {shown}",
            probe_bad=self._above_since is not None,
        )

    def _judge(self, kind: Kind, value: str, bad: bool, reason: str, *, probe_bad: bool | None = None) -> None:
        self._last[kind.name] = value
        if bad or not self._machine.is_quiet(kind):
            self._machine.measure(kind, bad=bad, probe_bad=bad if probe_bad is None else probe_bad, reason=reason)

    def resume(self) -> None:
        """A person says go: both windows begin anew."""
        self._used.clear()
        self._above_since = None

    def readings(self) -> dict[str, Reading]:
        """What was measured last."""
        s = self._settings
        limits: tuple[tuple[Kind, Decimal | float | None, str], ...] = (
            (DISK, s.min_free_disk_mb, " MB"),
            (CPU, s.max_cpu_share, " cores"),
            (MEMORY, s.max_memory_mb, " MB"),
        )
        return {
            kind.name: Reading(self._last.get(kind.name, ""), "off" if limit is None else f"{limit:g}{unit}")
            for kind, limit, unit in limits
        }
