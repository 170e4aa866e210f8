"""What a benchmark row says, and how the rows are shown."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure beside its budget; `met` is None where there is no budget, or nothing to compare with."""

    what: str
    ours: str
    beside: str
    ratio: str
    budget: str
    met: bool | None
    note: str = ""


def best_seconds(work: Callable[[], object], *, repeats: int = 5) -> float:
    """The fastest of some runs of `work`, in seconds: the least disturbed one."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def median_us(samples: Sequence[float]) -> float:
    """The median of `samples` (seconds), in microseconds."""
    return statistics.median(samples) * 1e6


def show(rows: Sequence[Row], json_file: Path | None) -> None:
    """Print the table, and write the same as JSON if a file is given."""
    table = Table(title="venuekit benchmarks: ratios measured side by side in this run", title_justify="left")
    for heading in ("what", "ours", "beside it", "ratio", "budget", "met"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        met = {True: "yes", False: "NO", None: "-"}[row.met]
        table.add_row(row.what, row.ours, row.beside, row.ratio, row.budget, met)
    console = Console(width=150)
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.what}: {row.note}", style="dim")
    if json_file:
        json_file.write_text(json.dumps([asdict(r) for r in rows], indent=2) + "\n", encoding="utf-8")
