"""A venue's calls through our adapter beside the same through its official client, in turn, at servers of their own."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import Row

CALLERS, WARM = 20, 20
HERE = Path(__file__).parent

Ours = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Venue:
    """What is compared, and what the ratios should be."""

    name: str
    #: The official client in words, alone and as 20 callers use it.
    client: str
    client_many: str
    latency_budget: float
    throughput_budget: float
    #: Whether the client's calls block, so that 20 of them need threads.
    blocks: bool

    async def compare(self, what: str, ours: Ours, theirs: Callable[[], Any], one: int, many: int = 0) -> list[Row]:
        """Rows for `one` calls of one caller, and for `many` of 20, unless that is 0."""
        (mine, my_cpu), (other, other_cpu) = await self._one_caller(ours, theirs, one)
        rows = [
            Row(
                what=f"{self.name}: {what}, one caller",
                ours=f"{mine * 1e3:.2f} ms",
                beside=f"{self.client} {other * 1e3:.2f} ms",
                ratio=f"{mine / other:.2f}×",
                budget=f"≤ {self.latency_budget}×",
                met=mine / other <= self.latency_budget,
                note=f"processor time {my_cpu * 1e3:.2f} and {other_cpu * 1e3:.2f} ms, {my_cpu / other_cpu:.2f}×",
            )
        ]
        if many:
            mine, other = await self._many_callers(ours, theirs, many)
            rows.append(
                Row(
                    what=f"{self.name}: {what}, {CALLERS} callers",
                    ours=f"{mine:,.0f}/s",
                    beside=f"{self.client_many} {other:,.0f}/s",
                    ratio=f"{mine / other:.1f}×",
                    budget=f"≥ {self.throughput_budget:g}×",
                    met=mine / other >= self.throughput_budget,
                )
            )
        return rows

    async def _one_caller(self, ours: Ours, theirs: Callable[[], Any], calls: int) -> list[tuple[float, float]]:
        """Median seconds of each, in pairs of changing order, and of them those on a processor.

        A client that blocks is called as its users call it.
        """
        samples: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
        for number in range(WARM + calls):
            for which in (0, 1) if number % 2 else (1, 0):
                start, worked = time.perf_counter(), time.process_time()
                if which == 0:
                    await ours()
                elif self.blocks:
                    theirs()
                else:
                    await theirs()
                if number >= WARM:
                    samples[which].append((time.perf_counter() - start, time.process_time() - worked))
        return [(statistics.median(w for w, _ in side), statistics.median(c for _, c in side)) for side in samples]

    async def _many_callers(self, ours: Ours, theirs: Callable[[], Any], calls: int) -> tuple[float, float]:
        """Calls a second of each with 20 callers, the best of three turns: tasks, or threads where the client blocks."""
        share = calls // CALLERS
        best = [0.0, 0.0]
        with ThreadPoolExecutor(CALLERS) as pool:
            for _ in range(3):
                for which, turn in enumerate((_tasks(ours), _threads(pool, theirs) if self.blocks else _tasks(theirs))):
                    start = time.perf_counter()
                    await turn(share)
                    best[which] = max(best[which], share * CALLERS / (time.perf_counter() - start))
        return best[0], best[1]


def _tasks(call: Ours) -> Callable[[int], Awaitable[None]]:
    async def caller(share: int) -> None:
        for _ in range(share):
            await call()

    async def turn(share: int) -> None:
        await asyncio.gather(*(caller(share) for _ in range(CALLERS)))

    return turn


def _threads(pool: ThreadPoolExecutor, call: Callable[[], Any]) -> Callable[[int], Awaitable[None]]:
    def caller(share: int) -> None:
        for _ in range(share):
            call()

    async def turn(share: int) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, caller, share) for _ in range(CALLERS)))

    return turn


@contextmanager
def _running(command: Sequence[str]) -> Iterator[str]:
    """A process of its own, and its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@contextmanager
def double(venue: str, folder: Path) -> Iterator[Mapping[str, Any]]:
    """A venue's double in a process of its own, as the venue's table of a configuration."""
    file = folder / f"{venue}-double.toml"
    code = f"from venuekit_doubles.{venue}.command import main; main()"
    with _running([sys.executable, "-c", code, "--config", str(file)]):
        yield tomllib.loads(file.read_text())["venues"][venue]


@contextmanager
def at_once(program: str, double_ca: str, answers: Any) -> Iterator[str]:
    """A server that answers at once, with the certificate of a running double: its port."""
    made = Path(double_ca).parent
    file = made / "answers.json"
    file.write_text(json.dumps(answers, default=float))
    with _running(
        [sys.executable, str(HERE / program), *(str(made / n) for n in ("server.pem", "server.key")), str(file)]
    ) as port:
        yield port
