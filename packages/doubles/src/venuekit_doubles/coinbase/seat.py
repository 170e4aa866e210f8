"""One account of the exchange: its orders, fills and money, and what happens to its orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from venuekit.adapter import (
    Balance,
    Event,
    Fill,
    FillQuery,
    HistoryQuery,
    InvalidValue,
    Order,
    OrderEvent,
    OrderRef,
    OrderRequest,
    Page,
    Position,
    Transfer,
    UnknownOrder,
    plain,
)
from venuekit_paper import reading
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.scale import LEAST_DIGITS

T = TypeVar("T")
#: Entries that are read at once.
_PAGE = 500


class Seat:
    """An account on the books that all accounts share. Used on the double's event loop only."""

    def __init__(self, venue: PaperVenue, account: str, deposits: Mapping[str, Decimal]) -> None:
        self._venue = venue
        self._exchange = venue.engine.exchange
        self.account = account
        self._readers: dict[asyncio.Queue[Order], None] = {}
        self._exchange.open_account(account, deposits, venue.now_ns())

    def _carried_out(self, command: Callable[[int], T]) -> T:
        """A command's answer, once what it did was told to everybody."""
        engine, now = self._venue.engine, self._venue.now_ns()
        try:
            answer: T = engine.run(["advance", now], lambda: command(now))
        finally:
            engine.commit()
            self._venue.streams.publish(self._exchange.now_ns)
        return answer

    # -- orders

    def submit(self, request: OrderRequest) -> Order:
        """Place an order. Raises what the exchange refuses it with."""
        return self._carried_out(lambda now: self._exchange.place(self.account, request, now))

    def cancel(self, number: str) -> Order:
        """Cancel an order. Raises UnknownOrder, OrderAlreadyDone."""
        return self._carried_out(lambda now: self._exchange.cancel(self.account, OrderRef(number), now))

    def amend(self, number: str, *, size: Decimal | None, price: Decimal | None, stop_price: Decimal | None) -> Order:
        """Change what is given of an order."""
        return self._carried_out(
            lambda now: self._exchange.amend(
                self.account, OrderRef(number), size=size, price=price, stop_price=stop_price, time_ns=now
            )
        )

    def order(self, number: str | None = None, client_id: str | None = None) -> Order | None:
        """An order of this account, if there is one."""
        try:
            return self._exchange.order(self.account, reading.known(OrderRef(number, client_id)))
        except UnknownOrder:
            return None

    def open_orders(self) -> list[Order]:
        """Every open order, oldest first."""
        return self._exchange.open_orders(self.account)

    def orders(self) -> list[Order]:
        """Every order, newest first."""
        return _all(
            lambda cursor: reading.order_history(self._exchange, self.account, HistoryQuery(limit=_PAGE, cursor=cursor))
        )

    def fills(self, number: str | None = None) -> list[Fill]:
        """Every fill, or every one of an order, newest first."""
        return _all(
            lambda cursor: reading.fills(
                self._exchange, self.account, FillQuery(order_id=number, limit=_PAGE, cursor=cursor)
            )
        )

    def fills_of(self, order: Order) -> list[Fill]:
        """An order's fills, newest first."""
        return self.fills(order.venue_order_id) if order.filled_size else []

    # -- money

    def balances(self) -> dict[str, Balance]:
        """What it has, by asset."""
        return {b.asset: b for b in self._exchange.balances(self.account)}

    def positions(self) -> list[Position]:
        """Its positions in what is not spot, those of size zero left out."""
        return [p for p in self._exchange.positions(self.account) if p.size]

    def transfers(self) -> list[Transfer]:
        """Money that came and went, newest first."""
        return _all(lambda cursor: self._exchange.history.transfers(self.account, _PAGE, cursor))

    def convert(self, source: str, given: Decimal, target: str, got: Decimal) -> None:
        """Turn an amount of one asset into one of another. Raises InsufficientFunds."""
        owner = self._exchange.account(self.account)
        amounts = [(a, self._scaled(a, amount)) for a, amount in ((source, given), (target, got))]
        owner.need(*amounts[0])
        owner.total[source] -= amounts[0][1]
        owner.total[target] += amounts[1][1]

    def _scaled(self, asset: str, amount: Decimal) -> int:
        scaled = amount.scaleb(self._exchange.places.setdefault(asset, LEAST_DIGITS))
        if amount <= 0 or scaled != int(scaled):
            raise InvalidValue(f"{plain(amount)} {asset} cannot be converted.", field="amount")
        return int(scaled)

    # -- events

    def hear(self, event: Event) -> None:
        """Take note of what the exchange tells."""
        if isinstance(event, OrderEvent) and event.order.account == self.account:
            for reader in self._readers:
                reader.put_nowait(event.order)

    @contextmanager
    def changes(self) -> Iterator[asyncio.Queue[Order]]:
        """This account's orders from now on, each time that one changes."""
        queue: asyncio.Queue[Order] = asyncio.Queue()
        self._readers[queue] = None
        try:
            yield queue
        finally:
            del self._readers[queue]


def _all(page_after: Callable[[str | None], Page[T]]) -> list[T]:
    found: list[T] = []
    cursor: str | None = None
    while True:
        page = page_after(cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
