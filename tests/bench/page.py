"""The benchmarks' page of the documentation, written from a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from report import Row

HEAD = """\
# Benchmarks

What the performance budgets are, and what a run measured. Times depend on the machine; ratios are between things
that were measured one after the other in the same run, which is what to compare.

```console
$ nox -s bench
```

measures everything, other people's engines included, each in an environment of its own (a few minutes; the
environments need the network once). `nox -s bench -- engine risk` measures some rows, `--no-peers` leaves other
people's packages out, `--json FILE` writes the figures, and `--page docs/benchmarks.md` writes this page.
"""


def write(page: Path, rows: Sequence[Row]) -> None:
    """Write the page with these figures."""
    when = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    lines = [HEAD, f"Measured on {when} with that command: {machine}.", ""]
    lines += ["| what | ours | beside it | ratio | budget | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        cells = (row.what, row.ours, row.beside, row.ratio, row.budget, met)
        lines.append("| " + " | ".join("" if cell == "-" else cell for cell in cells) + " |")
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    if notes:
        lines += ["", *notes]
    page.write_text("\n".join(lines) + "\n" + TAIL, encoding="utf-8")


TAIL = """
## What the rows are

- **The engine** takes a mixed flow of messages (60 % new limit orders, 30 % cancels, 10 % market orders) in batches,
  with two accounts, holds, fees, order states and reports of every change. With the journal, each batch is one
  hash-chained row, committed at SQLite's `FULL`. Peers get the same flow; those that only match keep no accounts. A
  peer that is driven order by order from a strategy is compared order by order.
- **Validation and risk checks** are those of one limit order, against a book of 100 open orders and 50 positions.
- **`desk.submit`** is the whole road: normalized, checked, permitted, recorded, sent to the paper exchange, its answer
  recorded, and published. Two commits an order are part of it.
- **Tool calls** are compared with a tool written by hand on the plain SDK that returns the same payload.
- **Coinbase calls** go to the double in a process of its own over TLS, ours and the official SDK's in turn; the double
  matches orders and checks tokens, which both wait for, so other rows have a server that answers at once. Ours are the
  adapter's whole calls: signed, sent, read into the model, and for a new order read back and compared with what was
  asked, for which the SDK needs a second call too. Twenty callers are tasks here and threads of one client there. The
  notes have the processor time of a call, which says the same on a machine that has more to do.
- **Polymarket calls** are compared with the official asynchronous client in the same way, and twenty callers are tasks
  of both. An order is signed by both; ours is also on the disk before it is sent, for which the client has no
  counterpart, and callers of the same moment wait for the disk together. Books asked for by twenty callers are of as
  many outcomes: what many ask for at once is asked for once here, and would make a ratio of a hundred. The client's
  HTTP library looks for an optional package with every request; it is spared that search, which is slow in a workspace.
"""
