"""Recorded order flow through the matching engine: its book must equal the recording wherever that decides it.

``python -m venuekit_paper.replay MESSAGES.csv ORDERBOOK.csv`` replays a LOBSTER recording and says how it went.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import attrs

from venuekit.adapter import Instrument, InstrumentKind, OrderStatus, OrderType, TimeInForce, VenuekitError
from venuekit_paper.amending import amend
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.history import NoHistory
from venuekit_paper.orders import PaperOrder
from venuekit_paper.recording import DELETED, EXECUTED, NEW, REDUCED, Message, Row, read
from venuekit_paper.reports import TRADE

_MONEY = Decimal(10) ** 15


@attrs.frozen
class Difference:
    """A level on which engine and recording disagree, or an execution that another order got; in lots."""

    line: int
    what: str
    side: int
    price: int
    engine: int
    recorded: int

    def __str__(self) -> str:
        side = "bid" if self.side > 0 else "ask"
        return f"line {self.line}: {self.what} at {side} {self.price}: engine {self.engine}, recording {self.recorded}"


@attrs.define
class Outcome:
    """How a replay went."""

    events: int = 0
    #: Levels that the recording decides, and that were compared.
    levels: int = 0
    executions: int = 0
    differences: list[Difference] = attrs.Factory(list)


class Replay:
    """Feeds events to an exchange, as orders, cancels and marketable orders, and compares its book after each.

    Orders that stood before the first event are anonymous volume, ahead of all that comes. Levels beyond the worst
    that the row before showed are unknown: they are set anew, as anonymous volume, when a row shows them. Every other
    level must be equal, and an execution must hit the order that the recording names, or anonymous volume ahead of it.
    """

    def __init__(self, name: str = "RECORDED") -> None:
        instrument = Instrument(
            id=name,
            venue="replay",
            kind=InstrumentKind.SPOT,
            base="SHARE",
            quote="USD",
            tick_size=Decimal("0.0001"),
            lot_size=Decimal(1),
            min_size=Decimal(1),
        )
        free = FeeSchedule(maker=Decimal(0), taker=Decimal(0))
        self.exchange = Exchange([instrument], free, venue="replay", history=NoHistory())
        self.market = self.exchange.market(name)
        self._makers, self._takers = (
            self.exchange.open_account(account, {"USD": _MONEY, "SHARE": _MONEY}, 0) for account in ("makers", "takers")
        )
        self._known: dict[int, PaperOrder] = {}
        #: Orders without a name, by side and price, oldest first.
        self._anonymous: dict[tuple[int, int], deque[PaperOrder]] = {}
        self._row: Row | None = None
        self.outcome = Outcome()

    def run(self, events: Iterable[tuple[Message, Row]]) -> Outcome:
        """All events."""
        for message, row in events:
            self.step(message, row)
        return self.outcome

    def step(self, message: Message, row: Row) -> None:
        """One event, and the book that must be there after it."""
        self.outcome.events += 1
        with self.exchange.at(message.time_ns):
            if self._row is None:
                self._begin(message, row)
            else:
                self._apply(message)
                for side in (1, -1):
                    self._compare(message.line, side, self._row.last_known(side), row)
        self._row = row

    # -- events

    def _begin(self, message: Message, row: Row) -> None:
        """The first row is the book after the first event, of which only a new order is known by name."""
        for side in (1, -1):
            for price, size in row.side(side):
                new = message.size if (message.kind, message.side, message.price) == (NEW, side, price) else 0
                if size > new:
                    self._seed(side, price, size - new)
        if message.kind == NEW:
            self._known[message.order] = self._rest(message.side, message.price, message.size)

    def _apply(self, message: Message) -> None:
        if message.kind == NEW:
            self._known[message.order] = self._rest(message.side, message.price, message.size)
        elif message.kind in (REDUCED, DELETED):
            self._reduce(message)
        elif message.kind == EXECUTED:
            self._execute(message)

    def _rest(self, side: int, price: int, size: int) -> PaperOrder:
        order = self.exchange.new_order(self._makers, self.market, side, OrderType.LIMIT, size, price)
        self.exchange.matcher.trade(order)
        return order

    def _seed(self, side: int, price: int, size: int) -> None:
        self._anonymous.setdefault((side, price), deque()).append(self._rest(side, price, size))

    def _reduce(self, message: Message) -> None:
        """Take size from the named order, and what it does not have from the anonymous volume of its level."""
        left = message.size
        order = self._known.get(message.order)
        if order is not None and order.resting:
            left -= self._take(order, left)
        waiting = self._anonymous.get((message.side, message.price), deque())
        while left and waiting:
            if waiting[0].resting:
                left -= self._take(waiting[0], left)
            if not waiting[0].resting:
                waiting.popleft()
        if message.kind == DELETED:
            gone = self._known.pop(message.order, None)
            if gone is not None and gone.resting:  # less was left of it than we thought: the rest is somebody else's
                self._anonymous.setdefault((message.side, message.price), deque()).append(gone)

    def _take(self, order: PaperOrder, size: int) -> int:
        taken = min(size, order.left)
        matcher = self.exchange.matcher
        if taken == order.left:
            matcher.finish(order, OrderStatus.CANCELED)
        else:
            smaller = order.market.scale.size_out(order.size - taken)
            amend(matcher, self.exchange.markets, order, smaller, None, None)
        return taken

    def _execute(self, message: Message) -> None:
        """A marketable order from the other side, which must hit what the recording says."""
        self.outcome.executions += 1
        matcher, exchange = self.exchange.matcher, self.exchange
        order = exchange.new_order(
            self._takers, self.market, -message.side, OrderType.LIMIT, message.size, message.price
        )
        order.tif = TimeInForce.IOC
        seen = len(matcher.reports)
        matcher.trade(order)
        expected = self._known.get(message.order)
        nameless = {o.number for o in self._anonymous.get((message.side, message.price), ())}
        for report in matcher.reports[seen:]:
            if report[0] == TRADE:
                maker, lots, price = report[4], report[5], report[6]
                if price != message.price or not (maker is expected or maker.number in nameless):
                    self._differs(message.line, "execution of another order", message.side, price, lots, 0)
        if order.left:
            self._differs(message.line, "execution", message.side, message.price, order.filled, message.size)

    # -- the book

    def _compare(self, line: int, side: int, last_known: int | None, row: Row) -> None:
        book = self.market.book.own(side)
        recorded = dict(row.side(side))
        shown = row.last_known(side)
        ours = {}
        for key in reversed(book.keys):
            price = key * side
            if shown is not None and (price - shown) * side < 0:
                break  # what the row cannot show it does not deny
            ours[price] = book.levels[key].total
        for price in sorted({*recorded, *ours}, reverse=side > 0):
            is_known = last_known is None or (price - last_known) * side >= 0
            if is_known:
                self.outcome.levels += price in recorded
                if ours.get(price, 0) != recorded.get(price, 0):
                    self._differs(line, "level", side, price, ours.get(price, 0), recorded.get(price, 0))
            if ours.get(price, 0) != recorded.get(price, 0):
                self._set(side, price, recorded.get(price, 0))

    def _set(self, side: int, price: int, size: int) -> None:
        """Make a level what the recording says, whoever's orders it was made of."""
        level = self.market.book.own(side).levels.get(price * side)
        while level is not None and level.head is not None:
            self.exchange.matcher.finish(level.head, OrderStatus.CANCELED)
        self._anonymous.pop((side, price), None)
        if size:
            self._seed(side, price, size)

    def _differs(self, line: int, what: str, side: int, price: int, engine: int, recorded: int) -> None:
        self.outcome.differences.append(Difference(line, what, side, price, engine, recorded))


def replay(messages: Path, books: Path) -> Outcome:
    """Replay a recording. Raises InvalidValue for files that are not one."""
    return Replay().run(read(messages, books))


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 when the books were equal, 1 when not, 2 for files that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m venuekit_paper.replay", description=__doc__)
    parser.add_argument("messages", type=Path, help="the recording's message file")
    parser.add_argument("books", type=Path, help="its order book file")
    options = parser.parse_args(arguments)
    try:
        outcome = replay(options.messages, options.books)
    except (VenuekitError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    for difference in outcome.differences[:20]:
        print(difference)  # noqa: T201
    print(  # noqa: T201
        f"{outcome.events} events, {outcome.levels} decidable levels, {outcome.executions} executions: "
        f"{len(outcome.differences) or 'no'} differences"
    )
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
