"""Data to standard output, as a table or as one JSON document; messages to standard error."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TextIO

from venuekit.model.codec import to_plain
from venuekit.model.money import plain
from venuekit.model.times import iso
from venuekit.watch.literals import without
from venuekit.watch.redact import HIDDEN

#: Wide enough that nothing is folded where no one looks at columns.
PIPED_WIDTH = 400


_known_secrets: set[str] = set()


def never_show(secrets: Iterable[str]) -> None:
    """From now on, nothing that is written holds any of these; none at all forgets those before."""
    found = set(secrets)
    if not found:
        _known_secrets.clear()
    _known_secrets.update(found)


def discreet(text: str) -> str:
    """`text` without the secrets of the configuration."""
    return without(text, frozenset(_known_secrets), HIDDEN)


def printable(value: object) -> str:
    """Text that cannot move the cursor, change colours or hide letters: other people's words end up in tables."""
    text = "" if value is None else discreet(str(value))
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else "\ufffd" for c in text
    )


def amount(value: Decimal | None) -> str:
    """A decimal for people; a dash when it is not known."""
    return "-" if value is None else plain(value)


def moment(time_ns: int | None) -> str:
    """A time to the second; a dash when there is none."""
    return "-" if not time_ns else iso(time_ns - time_ns % 1_000_000_000)


def document(data: Any, *, out: TextIO | None = None) -> None:
    """Write `data` as one JSON document."""
    stream = out or sys.stdout
    stream.write(discreet(json.dumps(to_plain(data), indent=2, ensure_ascii=False)) + "\n")


def say(text: str, *, out: TextIO | None = None) -> None:
    """A line for people on standard output."""
    print(printable(text), file=out or sys.stdout)


def note(text: str) -> None:
    """A message beside the data, on standard error."""
    print(printable(text), file=sys.stderr)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Write a table; columns named in `right` hold numbers. Nothing is cut off: long text goes over lines."""
    from rich.console import Console  # noqa: PLC0415 - a command that answers in JSON needs none of it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, emoji=False, width=None if terminal else PIPED_WIDTH)
    grid = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in columns:
        grid.add_column(Text(name), justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(printable(cell)) for cell in row))
    with console.capture() as captured:
        console.print(grid)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def pairs(rows: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; more lines of a value stand under its first, so that none passes for a name."""
    listed = [(name, printable(value)) for name, value in rows]
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        indented = value.replace("\n", f"\n{' ' * (width + 2)}")
        print(f"{name.ljust(width)}  {indented}", file=sys.stdout)
