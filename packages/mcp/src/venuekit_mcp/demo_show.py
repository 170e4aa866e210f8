"""How the demo looks: numbered steps with color in a terminal, plain lines in a pipe, or one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from rich.console import Console

GOOD, BAD, QUIET, ASK, BID = "green", "red", "dim", "red", "green"
#: Characters of the longest bar in the order book.
_WIDEST = 24


@attrs.frozen
class Line:
    """One line of a step, and its color."""

    text: str
    style: str = ""


def money(text: str | None) -> str:
    """An amount for people: two digits and separators; ``?`` when it is not known."""
    return "?" if text is None else f"{Decimal(text):,.2f}"


@attrs.define
class Show:
    """What was done so far."""

    as_json: bool
    steps: list[dict[str, Any]] = attrs.Factory(list)
    _console: Console | None = None

    @property
    def console(self) -> Console:
        """Where the lines go; knows whether it is a terminal."""
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415

            self._console = Console(highlight=False)
        return self._console

    @property
    def plain(self) -> bool:
        """Whether only ASCII can be shown."""
        return "utf" not in (sys.stdout.encoding or "").lower()

    def step(self, title: str, lines: Sequence[Line], facts: Mapping[str, Any]) -> None:
        """Show one step; `facts` are what JSON says of it."""
        self.steps.append({"step": title, **facts})
        if self.as_json:
            return
        self.console.print(f"[bold cyan]{len(self.steps)}[/]  [bold]{title}[/]")
        for line in lines:
            self.console.print(f"   {line.text}", style=line.style, markup=False, soft_wrap=True)

    def book(self, book: Mapping[str, Any]) -> list[Line]:
        """An order book, its sizes as bars."""
        levels = [*reversed(book["asks"]), *book["bids"]]
        most = max(Decimal(level["size"]) for level in levels)
        bar = "#" if self.plain else "█"
        rows = []
        for level in levels:
            side, style = ("ask", ASK) if level in book["asks"] else ("bid", BID)
            length = max(1, round(Decimal(level["size"]) / most * _WIDEST))
            rows.append(Line(f"{side}  {level['price']:>10}  {level['size']:>8}  {bar * length}", style))
        return rows

    def good(self, text: str) -> Line:
        """Something that went as it should."""
        return Line(f"{'+' if self.plain else '✓'} {text}", GOOD)

    def bad(self, text: str) -> Line:
        """Something that was refused."""
        return Line(f"{'x' if self.plain else '✗'} {text}", BAD)

    def closing(self, text: str) -> None:
        """The last line of a person's run."""
        self.console.print(text, soft_wrap=True)
