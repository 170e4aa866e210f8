"""LOBSTER recordings: what stands in a pair of message and order book files, line by line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs

from venuekit.adapter import InvalidValue

#: What a message tells: a new limit order, a part or the whole of it canceled, a visible or a hidden execution.
NEW, REDUCED, DELETED, EXECUTED, HIDDEN = 1, 2, 3, 4, 5
#: Auctions and trading halts say nothing about the visible book.
_KINDS = range(1, 8)
_NO_LEVEL = 9_999_999_999


@attrs.frozen
class Message:
    """One event. `price` counts 0.0001, `side` is +1 for an order that buys; time after midnight in nanoseconds."""

    line: int
    time_ns: int
    kind: int
    order: int
    size: int
    price: int
    side: int


@attrs.frozen
class Row:
    """The book after an event: (price, size), best first, only levels that exist. `depth` is how many could be told."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    depth: int

    def side(self, side: int) -> tuple[tuple[int, int], ...]:
        """Bids for +1, asks for -1."""
        return self.bids if side > 0 else self.asks

    def last_known(self, side: int) -> int | None:
        """The worst price up to which the recording tells all; None when it shows the whole side."""
        levels = self.side(side)
        return levels[-1][0] if len(levels) == self.depth else None


def read(messages: Path, books: Path) -> Iterator[tuple[Message, Row]]:
    """The events of a recording, each with the book after it.

    Raises:
        InvalidValue: a line that is not what LOBSTER writes, or files of different lengths; names file and line.
    """
    with messages.open(newline="") as first, books.open(newline="") as second:
        rows = csv.reader(second)
        line = 0
        for line, cells in enumerate(csv.reader(first), 1):
            row = next(rows, None)
            if row is None:
                raise InvalidValue(f"{books} ends before line {line} of {messages}.", field="books")
            yield _message(cells, line, messages), _row(row, line, books)
        if next(rows, None) is not None:
            raise InvalidValue(f"{messages} ends after line {line}, and {books} goes on.", field="messages")


def _message(cells: list[str], line: int, path: Path) -> Message:
    try:
        seconds, *rest = cells[:6]
        kind, order, size, price, side = (int(cell) for cell in rest)
        time_ns = int(Decimal(seconds).scaleb(9))
    except (ArithmeticError, ValueError) as error:
        raise InvalidValue(f"{path}, line {line}: not a message of LOBSTER's.", field="messages") from error
    if kind not in _KINDS or (side not in (1, -1) and kind <= HIDDEN):
        raise InvalidValue(f"{path}, line {line}: type {kind}, direction {side}.", field="messages")
    return Message(line, time_ns, kind, order, size, price, side)


def _row(cells: list[str], line: int, path: Path) -> Row:
    try:
        numbers = [int(cell) for cell in cells]
    except ValueError as error:
        raise InvalidValue(f"{path}, line {line}: not numbers.", field="books") from error
    if not numbers or len(numbers) % 4:
        raise InvalidValue(f"{path}, line {line}: {len(numbers)} columns are not whole levels.", field="books")
    asks, bids = (
        tuple(
            (numbers[n], numbers[n + 1])
            for n in range(start, len(numbers), 4)
            if abs(numbers[n]) != _NO_LEVEL and numbers[n + 1]
        )
        for start in (0, 2)
    )
    return Row(bids, asks, len(numbers) // 4)
